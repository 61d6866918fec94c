import '@/components/ui/fieldStyles';
import { Button, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ProblemNotice } from '@/components/ui/Notice';
import { fieldOf, focusFirst } from '@/lib/form';

interface GuestFormProps {
  busy: boolean;
  error: unknown;
  onSubmit: (name: string) => void;
}

export function GuestForm({ busy, error, onSubmit }: GuestFormProps) {
  const { t } = useTranslation('auth');
  const [empty, setEmpty] = useState(false);

  function submit(sent: FormEvent<HTMLFormElement>) {
    sent.preventDefault();
    const name = fieldOf(sent.currentTarget, 'name').trim();
    setEmpty(!name);
    if (name) onSubmit(name);
    else focusFirst(sent.currentTarget, 'name');
  }

  return (
    <form noValidate onSubmit={submit}>
      <Stack gap="md">
        {error ? <ProblemNotice error={error} /> : null}
        <TextInput
          name="name"
          label={t('join.name')}
          description={t('join.nameHint')}
          autoComplete="name"
          maxLength={80}
          error={empty ? t('join.needName') : null}
        />
        <Button type="submit" size="lg" fullWidth loading={busy}>
          {t('join.submit')}
        </Button>
      </Stack>
    </form>
  );
}
