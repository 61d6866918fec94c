import '@/components/ui/fieldStyles';
import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useTranslation } from 'react-i18next';
import { ProblemNotice } from '@/components/ui/Notice';
import { looksLikeEmail, passwordLength } from '@/lib/validate';

export interface NewAccount {
  name: string;
  email: string;
  password: string;
}

interface NewAccountFormProps {
  /** Set when the address is already known and cannot be chosen. */
  email?: string;
  name?: string;
  submit: string;
  busy: boolean;
  error: unknown;
  onSubmit: (values: NewAccount) => void;
}

/** Name, address and a first password. */
export function NewAccountForm({ email, name = '', submit, busy, error, onSubmit }: NewAccountFormProps) {
  const { t } = useTranslation('auth');
  const form = useForm<NewAccount>({
    mode: 'uncontrolled',
    initialValues: { name, email: email ?? '', password: '' },
    validate: {
      name: (v) => (v.trim() ? null : t('field.needName')),
      email: (v) => (looksLikeEmail(v.trim()) ? null : t('field.needEmail')),
      password: (v) => ([...v].length >= passwordLength ? null : t('field.shortPassword', { count: passwordLength })),
    },
  });
  return (
    <form
      noValidate
      onSubmit={form.onSubmit((v) => onSubmit({ name: v.name.trim(), email: v.email.trim(), password: v.password }))}
    >
      <Stack gap="md">
        {error ? <ProblemNotice error={error} /> : null}
        <TextInput label={t('field.name')} autoComplete="name" key={form.key('name')} {...form.getInputProps('name')} />
        <TextInput
          label={t('field.email')}
          type="email"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          readOnly={email !== undefined}
          key={form.key('email')}
          {...form.getInputProps('email')}
        />
        <PasswordInput
          label={t('field.password')}
          description={t('field.passwordHint', { count: passwordLength })}
          autoComplete="new-password"
          key={form.key('password')}
          aria-invalid={form.errors.password !== undefined}
          {...form.getInputProps('password')}
        />
        <Button type="submit" size="lg" fullWidth loading={busy}>
          {submit}
        </Button>
      </Stack>
    </form>
  );
}
