import '@/components/ui/fieldStyles';
import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ProblemNotice } from '@/components/ui/Notice';
import { fieldOf, focusFirst } from '@/lib/form';
import { looksLikeEmail } from '@/lib/validate';

interface SignInFormProps {
  busy: boolean;
  error: unknown;
  onSubmit: (values: { email: string; password: string }) => void;
}

/** Without a form library: this is the first thing a browser fetches. */
export function SignInForm({ busy, error, onSubmit }: SignInFormProps) {
  const { t } = useTranslation('auth');
  const [empty, setEmpty] = useState({ email: false, password: false });

  function submit(sent: FormEvent<HTMLFormElement>) {
    sent.preventDefault();
    const email = fieldOf(sent.currentTarget, 'email').trim();
    const password = fieldOf(sent.currentTarget, 'password');
    const missing = { email: !looksLikeEmail(email), password: password === '' };
    setEmpty(missing);
    if (missing.email || missing.password) focusFirst(sent.currentTarget, missing.email ? 'email' : 'password');
    else onSubmit({ email, password });
  }

  return (
    <form noValidate onSubmit={submit}>
      <Stack gap="md">
        {error ? <ProblemNotice error={error} /> : null}
        <TextInput
          name="email"
          label={t('signIn.email')}
          type="email"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          error={empty.email ? t('signIn.needEmail') : null}
        />
        <PasswordInput
          name="password"
          label={t('signIn.password')}
          autoComplete="current-password"
          aria-invalid={empty.password}
          error={empty.password ? t('signIn.needPassword') : null}
        />
        <Button type="submit" size="lg" fullWidth loading={busy}>
          {t('signIn.submit')}
        </Button>
      </Stack>
    </form>
  );
}
