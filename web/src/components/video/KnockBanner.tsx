import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Initials } from '@/components/ui/Initials';
import { type Participant } from '@/lib/realtime/types';
import classes from './KnockBanner.module.css';

interface KnockBannerProps {
  waiting: readonly Participant[];
  onAdmit: (participant: Participant) => void;
  onSee: () => void;
}

/** Somebody is at the door. One person may be let in from here; of several the host sees the list first. */
export function KnockBanner({ waiting, onAdmit, onSee }: KnockBannerProps) {
  const { t } = useTranslation('video');
  const first = waiting[0];
  if (!first) return null;
  return (
    <div className={classes.banner}>
      <Initials id={first.identity} name={first.name} />
      <span className={classes.words}>
        {waiting.length === 1 ? t('knock.one', { name: first.name }) : t('knock.many', { count: waiting.length })}
      </span>
      {waiting.length === 1 ? (
        <Button size="compact-md" aria-label={t('people.admitName', { name: first.name })} onClick={() => onAdmit(first)}>
          {t('people.admit')}
        </Button>
      ) : null}
      <Button size="compact-md" variant="subtle" onClick={onSee}>
        {t('knock.see')}
      </Button>
    </div>
  );
}
