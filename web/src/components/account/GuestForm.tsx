import '@/components/ui/fieldStyles';
import { Button, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useTranslation } from 'react-i18next';
import { ProblemNotice } from '@/components/ui/Notice';

interface GuestFormProps {
  busy: boolean;
  error: unknown;
  onSubmit: (name: string) => void;
}

export function GuestForm({ busy, error, onSubmit }: GuestFormProps) {
  const { t } = useTranslation('auth');
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { name: '' },
    validate: { name: (v) => (v.trim() ? null : t('join.needName')) },
  });
  return (
    <form noValidate onSubmit={form.onSubmit((v) => onSubmit(v.name.trim()))}>
      <Stack gap="md">
        {error ? <ProblemNotice error={error} /> : null}
        <TextInput
          label={t('join.name')}
          description={t('join.nameHint')}
          autoComplete="name"
          maxLength={80}
          key={form.key('name')}
          {...form.getInputProps('name')}
        />
        <Button type="submit" size="lg" fullWidth loading={busy}>
          {t('join.submit')}
        </Button>
      </Stack>
    </form>
  );
}
