import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Section } from '@/components/ui/Card';
import { ProblemNotice } from '@/components/ui/Notice';
import { ListSkeleton } from '@/components/ui/Waiting';
import { useErasure } from '@/hooks/recordings/useArchive';
import { useClock } from '@/hooks/usePrefs';
import { momentOf } from '@/lib/time';
import classes from './RecordingPanel.module.css';

/** That it was erased, when, why and by whom. */
export function ErasureProof({ recording }: { recording: string }) {
  const { t } = useTranslation('recordings');
  const clock = useClock();
  const proof = useErasure(recording);
  return (
    <Section title={t('proof.title')}>
      {proof.isPending ? <ListSkeleton rows={1} height={48} /> : null}
      {proof.isError ? <ProblemNotice error={proof.error} onRetry={() => void proof.refetch()} /> : null}
      {proof.data ? (
        <>
          <dl className={classes.facts}>
            <div>
              <dt>{t('proof.erasedAt')}</dt>
              <dd>{momentOf(clock, new Date(proof.data.erasedAt))}</dd>
            </div>
            <div>
              <dt>{t('proof.reason')}</dt>
              <dd>{proof.data.reason}</dd>
            </div>
            <div>
              <dt>{t('proof.by')}</dt>
              <dd>{proof.data.by.name}</dd>
            </div>
          </dl>
          <p className={classes.quiet}>{proof.data.statement}</p>
          <div className={classes.actions}>
            <Button component="a" size="sm" variant="light" download={`erasure-${recording}.json`} href={`/api/v1/recordings/${encodeURIComponent(recording)}/erasure`}>
              {t('proof.download')}
            </Button>
          </div>
        </>
      ) : null}
    </Section>
  );
}
