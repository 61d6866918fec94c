import { useTranslation } from 'react-i18next';
import { Pill } from '@/components/ui/Pill';
import { type Phase } from '@/lib/session';
import classes from './SessionState.module.css';

/** The state of a session in a word. */
export function SessionState({ phase }: { phase: Phase }) {
  const { t } = useTranslation('sessions');
  switch (phase) {
    case 'live':
      return (
        <Pill tone="brand" dot>
          {t('state.live')}
        </Pill>
      );
    case 'open':
      return <Pill tone="brand">{t('state.open')}</Pill>;
    case 'ended':
      return <Pill>{t('state.ended')}</Pill>;
    case 'missed':
      return <Pill>{t('state.missed')}</Pill>;
    default:
      return null;
  }
}

/** How many wait at the door; hosts only, since nobody else is told. */
export function WaitingPill({ count }: { count: number }) {
  const { t } = useTranslation('sessions');
  return (
    <span role="status" className={classes.status}>
      {count > 0 ? (
        <Pill tone="clay" dot>
          {t('waiting', { count })}
        </Pill>
      ) : null}
    </span>
  );
}
