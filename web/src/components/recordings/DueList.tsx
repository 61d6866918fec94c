import { Anchor } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useClock } from '@/hooks/usePrefs';
import { type RetentionDue } from '@/lib/api/types';
import { momentOf } from '@/lib/time';
import classes from './RetentionRules.module.css';

const kinds = ['individual', 'couple', 'group'] as const;

/** What the rules erase next. */
export function DueList({ due }: { due: readonly RetentionDue[] }) {
  const { t } = useTranslation(['recordings', 'common']);
  const clock = useClock();
  if (due.length === 0) return <p className={classes.quiet}>{t('retention.dueNone')}</p>;
  const nameOf = (kind: string) => {
    const known = kinds.find((k) => k === kind);
    return known ? t(`common:kind.${known}`) : kind;
  };
  return (
    <ul className={classes.due}>
      {due.map((one) => (
        <li key={one.recordingId}>
          <Anchor component={Link} to={`/recordings?open=${one.recordingId}`}>
            {t('retention.dueOf', { kind: nameOf(one.kind), day: momentOf(clock, new Date(one.stoppedAt)) })}
          </Anchor>
          <span className={classes.when}>{t('retention.dueOn', { day: momentOf(clock, new Date(one.purgeAt)) })}</span>
        </li>
      ))}
    </ul>
  );
}
