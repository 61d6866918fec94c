import { Button } from '@mantine/core';
import { IconMailOpened } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useToast } from '@/components/ui/toast';
import { useClock } from '@/hooks/usePrefs';
import { useInvitations } from '@/hooks/people/usePeople';
import { type Invitation } from '@/lib/api/types';
import { momentOf } from '@/lib/time';
import classes from './PersonRow.module.css';

interface PendingInvitationsProps {
  open: readonly Invitation[];
  /** Makes a new link for the same person; the old one ends with it. */
  onRenew: (invitation: Invitation) => void;
}

export function PendingInvitations({ open, onRenew }: PendingInvitationsProps) {
  const { t } = useTranslation(['people', 'common']);
  const clock = useClock();
  const toast = useToast();
  const { revoke } = useInvitations(false);
  return (
    <ul className={classes.list}>
      {open.map((invitation) => {
        const name = invitation.name || invitation.email;
        return (
          <li key={invitation.id} className={`${classes.row} ${classes.wrap}`}>
            <IconMailOpened size={24} stroke={1.5} aria-hidden="true" />
            <div className={classes.words}>
              <p className={classes.name}>{name}</p>
              <p className={classes.sub}>
                {t(`common:role.${invitation.role}`)} ·{' '}
                {t('pending.expires', { date: momentOf(clock, new Date(invitation.expiresAt)) })}
              </p>
            </div>
            <div className={classes.actions}>
              <Button size="sm" variant="subtle" aria-label={t('pending.renewNamed', { name })} onClick={() => onRenew(invitation)}>
                {t('pending.renew')}
              </Button>
              <Button
                size="sm"
                variant="subtle"
                color="brick"
                aria-label={t('pending.revokeNamed', { name })}
                loading={revoke.isPending && revoke.variables === invitation.id}
                onClick={() =>
                  revoke.mutate(invitation.id, {
                    onSuccess: () => toast.done(t('pending.revoked', { name })),
                    onError: toast.failed,
                  })
                }
              >
                {t('pending.revoke')}
              </Button>
            </div>
          </li>
        );
      })}
    </ul>
  );
}
