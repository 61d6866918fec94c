import { Button } from '@mantine/core';
import { IconScreenShare, IconVolume } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import classes from './ScreenShareControls.module.css';

/** Says all the time that the screen is shared, and stops it. */
export function ScreenShareControls({ withSound, onStop }: { withSound: boolean; onStop: () => void }) {
  const { t } = useTranslation('video');
  return (
    <div role="status" className={classes.sharing}>
      <IconScreenShare size={20} aria-hidden="true" />
      <span>
        {t('sharing.you')}
        {withSound ? (
          <span className={classes.sound}>
            {' '}
            <IconVolume size={16} aria-hidden="true" /> {t('sharing.sound')}
          </span>
        ) : null}
      </span>
      <Button size="compact-md" color="brick" onClick={onStop}>
        {t('sharing.stop')}
      </Button>
    </div>
  );
}
