import '@/components/ui/fieldStyles';
import { Button, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useTranslation } from 'react-i18next';
import { ProblemNotice } from '@/components/ui/Notice';
import { useToast } from '@/components/ui/toast';
import { useProfile } from '@/hooks/account/useProfile';
import { type Me } from '@/lib/api/types';

export function ProfileForm({ me }: { me: Me }) {
  const { t } = useTranslation(['account', 'common']);
  const toast = useToast();
  const { update } = useProfile();
  const form = useForm({
    initialValues: { name: me.name },
    validate: { name: (v) => (v.trim() ? null : t('profile.needName')) },
  });
  return (
    <form
      noValidate
      onSubmit={form.onSubmit((v) =>
        update.mutate({ name: v.name.trim() }, { onSuccess: () => toast.done(t('profile.saved')) }),
      )}
    >
      <Stack align="start">
        {update.error ? <ProblemNotice error={update.error} /> : null}
        <TextInput w="100%" label={t('profile.name')} autoComplete="name" maxLength={100} {...form.getInputProps('name')} />
        <TextInput w="100%" label={t('profile.email')} description={t('profile.emailHint')} readOnly value={me.email ?? ''} />
        <Button type="submit" variant="light" loading={update.isPending} disabled={form.values.name.trim() === me.name}>
          {t('common:action.save')}
        </Button>
      </Stack>
    </form>
  );
}
