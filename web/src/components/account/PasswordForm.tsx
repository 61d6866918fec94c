import '@/components/ui/fieldStyles';
import { Button, PasswordInput, Stack } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useTranslation } from 'react-i18next';
import { ProblemNotice } from '@/components/ui/Notice';
import { useToast } from '@/components/ui/toast';
import { useProfile } from '@/hooks/account/useProfile';
import { type Me } from '@/lib/api/types';
import { passwordLength } from '@/lib/validate';

export function PasswordForm({ me }: { me: Me }) {
  const { t } = useTranslation('account');
  const toast = useToast();
  const { changePassword } = useProfile();
  const form = useForm({
    initialValues: { current: '', next: '' },
    validate: {
      next: (v, all) => {
        if ([...v].length < passwordLength) return t('password.tooShort', { count: passwordLength });
        return v === all.current ? t('password.same') : null;
      },
    },
  });
  return (
    <form
      noValidate
      onSubmit={form.onSubmit((v) =>
        changePassword.mutate(v, {
          onSuccess: () => {
            form.reset();
            toast.done(t('password.changed'));
          },
        }),
      )}
    >
      <Stack align="start">
        {changePassword.error ? <ProblemNotice error={changePassword.error} /> : null}
        {/* Password managers need to see whose password this is. */}
        <input type="text" name="username" autoComplete="username" value={me.email ?? ''} readOnly hidden aria-hidden="true" tabIndex={-1} />
        <PasswordInput
          w="100%"
          label={t('password.current')}
          description={t('password.currentHint')}
          autoComplete="current-password"
          aria-invalid={form.errors.current !== undefined}
          {...form.getInputProps('current')}
        />
        <PasswordInput
          w="100%"
          label={t('password.next')}
          description={t('password.hint', { count: passwordLength })}
          autoComplete="new-password"
          aria-invalid={form.errors.next !== undefined}
          {...form.getInputProps('next')}
        />
        <Button type="submit" variant="light" loading={changePassword.isPending} disabled={!form.values.next}>
          {t('password.submit')}
        </Button>
      </Stack>
    </form>
  );
}
