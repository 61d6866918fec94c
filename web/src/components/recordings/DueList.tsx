import { Anchor } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Pill } from '@/components/ui/Pill';
import { useClock } from '@/hooks/usePrefs';
import { type RetentionDue } from '@/lib/api/types';
import { momentOf } from '@/lib/time';
import classes from './RetentionRules.module.css';

/** What the rules erase next. */
export function DueList({ due }: { due: readonly RetentionDue[] }) {
  const { t } = useTranslation('recordings');
  const clock = useClock();
  if (due.length === 0) return <p className={classes.quiet}>{t('retention.dueNone')}</p>;
  return (
    <ul className={classes.due}>
      {due.map((one) => (
        <li key={one.recording}>
          <Anchor component={Link} to={`/recordings?open=${one.recording}`}>
            {one.title || t('title')}
          </Anchor>
          <span className={classes.when}>
            {one.legalHold ? <Pill tone="clay">{t('retention.held')}</Pill> : null}
            {t('retention.dueOn', { day: momentOf(clock, new Date(one.purgeAt)) })}
          </span>
        </li>
      ))}
    </ul>
  );
}
