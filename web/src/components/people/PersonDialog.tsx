import '@/components/ui/fieldStyles';
import '@/components/ui/choiceStyles';
import { Button, NativeSelect, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Dialog } from '@/components/ui/Dialog';
import { useToast } from '@/components/ui/toast';
import { useSetActive, useUpdatePerson } from '@/hooks/people/usePeople';
import { type Person, type Role } from '@/lib/api/types';
import { CareEditor } from './CareEditor';

const roles: readonly Role[] = ['client', 'therapist', 'moderator', 'admin'];

interface PersonDialogProps {
  person: Person;
  everyone: readonly Person[];
  isMe: boolean;
  onClose: () => void;
}

/** What an admin changes of somebody's account: who treats them, their role, on or off. */
export function PersonDialog({ person, everyone, isMe, onClose }: PersonDialogProps) {
  const { t } = useTranslation(['people', 'common']);
  const toast = useToast();
  const setActive = useSetActive();
  const update = useUpdatePerson();
  const treatsOrIsTreated = person.role === 'client' || person.role === 'therapist';

  function switchTo(active: boolean) {
    // Promises, not callbacks: those of a mutation die with the dialog.
    const change = (to: boolean) => setActive.mutateAsync({ id: person.id, active: to });
    const words = active ? t('activated', { name: person.name }) : t('deactivated', { name: person.name });
    change(active).then(() => toast.done(words, () => void change(!active).catch(toast.failed)), toast.failed);
    onClose();
  }

  function changeRole(role: Role) {
    const before = person.role;
    const change = (to: Role) => update.mutateAsync({ id: person.id, role: to });
    const words = t('roleChanged', { name: person.name, role: t(`common:role.${role}`) });
    change(role).then(() => toast.done(words, () => void change(before).catch(toast.failed)), toast.failed);
  }

  return (
    <Dialog title={person.name} wide onClose={onClose}>
      <Stack gap="lg">
        {treatsOrIsTreated ? <CareEditor person={person} everyone={everyone} /> : null}
        <NativeSelect
          size="md"
          label={t('role')}
          description={t(`invite.roleHint.${person.role}`)}
          disabled={isMe || update.isPending}
          value={person.role}
          data={roles.map((role) => ({ value: role, label: t(`common:role.${role}`) }))}
          onChange={(e) => {
            const role = roles.find((r) => r === e.currentTarget.value);
            if (role) changeRole(role);
          }}
        />
        {isMe ? null : (
          <Button
            variant="light"
            color={person.active ? 'brick' : 'sage'}
            onClick={() => switchTo(!person.active)}
          >
            {person.active ? t('deactivate') : t('activate')}
          </Button>
        )}
      </Stack>
    </Dialog>
  );
}
