import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useNow } from '@/hooks/useNow';
import { clockOf, minutesLeft } from './timer';
import classes from './SessionTimer.module.css';

interface SessionTimerProps {
  startedAt: string | undefined;
  endsAt: string;
  /** Told once when five minutes are left, and once when one is. */
  onWarning: (minutes: number) => void;
}

/** How long the session has been on, and how long is left once that matters. */
export function SessionTimer({ startedAt, endsAt, onWarning }: SessionTimerProps) {
  const { t } = useTranslation('video');
  const now = useNow(1_000);
  const left = minutesLeft(new Date(endsAt), now);
  const warning = left === 5 || left === 1 ? left : undefined;
  useEffect(() => {
    if (warning !== undefined) onWarning(warning);
  }, [warning, onWarning]);

  return (
    <p className={classes.timer}>
      {startedAt ? (
        <span role="timer" aria-label={t('meeting.timer')} className={classes.clock}>
          {clockOf(new Date(startedAt), now)}
        </span>
      ) : null}
      {left <= 5 ? (
        <span className={classes.left}>{left > 0 ? t('meeting.left', { count: left }) : t('meeting.over')}</span>
      ) : null}
    </p>
  );
}
