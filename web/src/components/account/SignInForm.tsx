import '@/components/ui/fieldStyles';
import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useTranslation } from 'react-i18next';
import { ProblemNotice } from '@/components/ui/Notice';
import { looksLikeEmail } from '@/lib/validate';

interface SignInFormProps {
  busy: boolean;
  error: unknown;
  onSubmit: (values: { email: string; password: string }) => void;
}

export function SignInForm({ busy, error, onSubmit }: SignInFormProps) {
  const { t } = useTranslation('auth');
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { email: '', password: '' },
    validate: {
      email: (v) => (looksLikeEmail(v.trim()) ? null : t('signIn.needEmail')),
      password: (v) => (v ? null : t('signIn.needPassword')),
    },
  });
  return (
    <form noValidate onSubmit={form.onSubmit((v) => onSubmit({ email: v.email.trim(), password: v.password }))}>
      <Stack gap="md">
        {error ? <ProblemNotice error={error} /> : null}
        <TextInput
          label={t('signIn.email')}
          type="email"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          key={form.key('email')}
          {...form.getInputProps('email')}
        />
        <PasswordInput
          label={t('signIn.password')}
          autoComplete="current-password"
          key={form.key('password')}
          aria-invalid={form.errors.password !== undefined}
          {...form.getInputProps('password')}
        />
        <Button type="submit" size="lg" fullWidth loading={busy}>
          {t('signIn.submit')}
        </Button>
      </Stack>
    </form>
  );
}
