import { Button } from '@mantine/core';
import { useEffect, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Section } from '@/components/ui/Card';
import { ProblemNotice } from '@/components/ui/Notice';
import { ListSkeleton } from '@/components/ui/Waiting';
import { useErasure } from '@/hooks/recordings/useArchive';
import { useClock } from '@/hooks/usePrefs';
import { momentOf } from '@/lib/time';
import classes from './RecordingPanel.module.css';

/** That it was erased, when, why and by whom; the proof itself to keep. */
export function ErasureProof({ recording }: { recording: string }) {
  const { t } = useTranslation('recordings');
  const clock = useClock();
  const erasure = useErasure(recording);
  const { data } = erasure;
  const proof = data?.proof;
  const facts = data
    ? [
        ...(data.doneAt ? [[t('proof.erasedAt'), momentOf(clock, new Date(data.doneAt))]] : []),
        [t('proof.why'), t(`proof.cause.${data.cause}`)],
        [t('proof.reason'), data.reason],
        ...(proof?.askedName ? [[t('proof.by'), proof.askedName]] : []),
        ...(proof ? [[t('proof.backups'), t('proof.backupsBy', { day: momentOf(clock, new Date(proof.backups.goneBy)) })]] : []),
      ]
    : [];
  return (
    <Section title={t('proof.title')}>
      {erasure.isPending ? <ListSkeleton rows={1} height={48} /> : null}
      {erasure.isError ? <ProblemNotice error={erasure.error} onRetry={() => void erasure.refetch()} /> : null}
      {data ? (
        <>
          <p className={classes.quiet}>{t(`proof.state.${data.state}`)}</p>
          <dl className={classes.facts}>
            {facts.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
            {data.hash ? (
              <div>
                <dt>{t('proof.hash')}</dt>
                <dd className={classes.mono}>{data.hash}</dd>
              </div>
            ) : null}
          </dl>
          {data.document ? <SaveProof recording={recording} text={data.document} /> : null}
        </>
      ) : null}
    </Section>
  );
}

/** The document byte for byte as it was hashed, so that the file proves itself. */
function SaveProof({ recording, text }: { recording: string; text: string }) {
  const { t } = useTranslation('recordings');
  const href = useMemo(() => URL.createObjectURL(new Blob([text], { type: 'application/json' })), [text]);
  useEffect(() => () => URL.revokeObjectURL(href), [href]);
  return (
    <div className={classes.actions}>
      <Button component="a" size="sm" variant="light" download={`erasure-${recording}.json`} href={href}>
        {t('proof.download')}
      </Button>
    </div>
  );
}
