import { Loader } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './ReconnectingOverlay.module.css';

/** Over the last frames, not instead of them: the people are still there. */
export function ReconnectingOverlay({ patience = 10_000 }: { patience?: number }) {
  const { t } = useTranslation('video');
  const [long, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), patience);
    return () => clearTimeout(timer);
  }, [patience]);
  return (
    <div role="status" className={classes.overlay}>
      <Loader size="sm" color="sage.3" aria-hidden="true" />
      <div>
        <p className={classes.title}>{t('reconnecting.title')}</p>
        <p className={classes.body}>{long ? t('reconnecting.long') : t('reconnecting.body')}</p>
      </div>
    </div>
  );
}
