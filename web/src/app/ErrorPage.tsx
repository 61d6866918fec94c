import { Button, Stack, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useRouteError } from 'react-router';
import { asProblem } from '@/lib/api/problem';

export function ErrorPage() {
  const { t } = useTranslation();
  const problem = asProblem(useRouteError());
  return (
    <Stack component="main" p="xl" align="start">
      <Title order={1}>{t('error.title')}</Title>
      <Text>{t('error.body')}</Text>
      {problem.requestId ? <Text c="dimmed">{t('error.requestId', { id: problem.requestId })}</Text> : null}
      <Button onClick={() => window.location.reload()}>{t('error.reload')}</Button>
    </Stack>
  );
}
