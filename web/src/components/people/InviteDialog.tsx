import '@/components/ui/fieldStyles';
import '@/components/ui/choiceStyles';
import { Button, NativeSelect, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useTranslation } from 'react-i18next';
import { Dialog } from '@/components/ui/Dialog';
import { CopyField } from '@/components/ui/CopyField';
import { Notice, ProblemNotice } from '@/components/ui/Notice';
import { useInvitations } from '@/hooks/people/usePeople';
import { useClock } from '@/hooks/usePrefs';
import { type Role } from '@/lib/api/types';
import { momentOf } from '@/lib/time';
import { looksLikeEmail } from '@/lib/validate';

interface InviteDialogProps {
  /** Which roles the viewer may hand out, the most usual first. */
  roles: readonly Role[];
  /** Filled in when an open invitation is renewed. */
  initial?: { name: string; email: string; role: Role } | undefined;
  /** Who could treat a new client; empty when the viewer does. */
  therapists: readonly { id: string; name: string }[];
  onClose: () => void;
}

export function InviteDialog({ roles, initial, therapists, onClose }: InviteDialogProps) {
  const { t } = useTranslation(['people', 'common']);
  const clock = useClock();
  const { create } = useInvitations(false);
  const form = useForm({
    initialValues: { name: '', email: '', role: roles[0] ?? ('client' as Role), therapistId: '', ...initial },
    validate: {
      name: (v) => (v.trim() ? null : t('invite.needName')),
      email: (v) => (looksLikeEmail(v.trim()) ? null : t('invite.needEmail')),
    },
  });
  const role = form.values.role;
  const made = create.data;

  return (
    <Dialog title={made ? t('invite.ready') : t('invite.title')} onClose={onClose}>
      {made ? (
        <Stack>
          {made.link ? (
            <CopyField
              label={t('invite.link')}
              value={made.link}
              hint={t('invite.linkHint', { name: made.name || made.email, until: momentOf(clock, new Date(made.expiresAt)) })}
            />
          ) : null}
          <Button
            variant="subtle"
            onClick={() => {
              create.reset();
              form.setValues({ name: '', email: '' });
            }}
          >
            {t('invite.another')}
          </Button>
        </Stack>
      ) : (
        <form
          noValidate
          onSubmit={form.onSubmit((v) =>
            create.mutate({
              name: v.name.trim(),
              email: v.email.trim(),
              role: v.role,
              ...(v.role === 'client' && v.therapistId ? { therapistId: v.therapistId } : {}),
            }),
          )}
        >
          <Stack>
            {create.error ? <ProblemNotice error={create.error} /> : null}
            <TextInput label={t('invite.name')} autoComplete="off" {...form.getInputProps('name')} />
            <TextInput label={t('invite.email')} type="email" autoComplete="off" autoCapitalize="none" {...form.getInputProps('email')} />
            {roles.length > 1 ? (
              <NativeSelect
                size="md"
                label={t('invite.role')}
                description={t(`invite.roleHint.${role}`)}
                data={roles.map((r) => ({ value: r, label: t(`common:role.${r}`) }))}
                {...form.getInputProps('role')}
              />
            ) : (
              <Notice>{t(`invite.roleHint.${role}`)}</Notice>
            )}
            {role === 'client' && therapists.length > 0 ? (
              <NativeSelect
                size="md"
                label={t('care.title')}
                data={[{ value: '', label: t('care.later') }, ...therapists.map((p) => ({ value: p.id, label: p.name }))]}
                {...form.getInputProps('therapistId')}
              />
            ) : null}
            <Button type="submit" size="lg" loading={create.isPending}>
              {t('invite.submit')}
            </Button>
          </Stack>
        </form>
      )}
    </Dialog>
  );
}
