import { useTranslation } from 'react-i18next';
import { Button } from '@mantine/core';
import { Link } from 'react-router';
import { DueList } from '@/components/recordings/DueList';
import { RetentionRules } from '@/components/recordings/RetentionRules';
import { Card, Section } from '@/components/ui/Card';
import { ProblemNotice } from '@/components/ui/Notice';
import { Page } from '@/components/ui/Page';
import { useToast } from '@/components/ui/toast';
import { ListSkeleton } from '@/components/ui/Waiting';
import { useRetention } from '@/hooks/recordings/useRetention';
import { useMe } from '@/hooks/useMe';
import { NotFoundPage } from './NotFoundPage';

/** How long recordings are kept, for admins: /settings/retention */
export function RetentionPage() {
  const me = useMe();
  return me.role === 'admin' ? <Retention /> : <NotFoundPage />;
}

function Retention() {
  const { t } = useTranslation('recordings');
  const toast = useToast();
  const { policies, due, save, preview } = useRetention();
  return (
    <Page
      narrow
      title={t('retention.title')}
      lead={t('retention.lead')}
      actions={
        <Button component={Link} to="/recordings" variant="subtle">
          {t('retention.back')}
        </Button>
      }
    >
      <Card>
        <Section title={t('retention.rules')}>
          {policies.isPending ? <ListSkeleton rows={3} /> : null}
          {policies.isError ? <ProblemNotice error={policies.error} onRetry={() => void policies.refetch()} /> : null}
          {policies.data ? (
            <RetentionRules
              key={policies.data.version}
              policies={policies.data}
              busy={save.isPending || preview.isPending}
              error={preview.error ?? save.error}
              onPreview={preview.mutateAsync}
              onSave={(next) => save.mutate(next, { onSuccess: () => toast.done(t('retention.saved')) })}
            />
          ) : null}
        </Section>
      </Card>
      <Card>
        <Section title={t('retention.due')} hint={t('retention.dueHint')}>
          {due.isPending ? <ListSkeleton rows={2} height={32} /> : null}
          {due.isError ? <ProblemNotice error={due.error} onRetry={() => void due.refetch()} /> : null}
          {due.data ? <DueList due={due.data} /> : null}
        </Section>
      </Card>
    </Page>
  );
}
