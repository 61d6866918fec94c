import '@/components/ui/dialogStyles';
import '@/components/ui/fieldStyles';
import '@mantine/core/styles/Drawer.layer.css';
import { Button, Drawer } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Notice, ProblemNotice } from '@/components/ui/Notice';
import { ListSkeleton } from '@/components/ui/Waiting';
import { useOneRecording } from '@/hooks/recordings/useArchive';
import { useClock } from '@/hooks/usePrefs';
import { asProblem } from '@/lib/api/problem';
import { type Recording } from '@/lib/api/types';
import { type PendingAct } from '@/lib/pendingActs';
import { sizeText, spanText } from '@/lib/span';
import { momentOf } from '@/lib/time';
import { ConsentLedger } from './ConsentLedger';
import { ErasePart } from './ErasePart';
import { ErasureProof } from './ErasureProof';
import { ExportPart } from './ExportPart';
import { HoldPart } from './HoldPart';
import classes from './RecordingPanel.module.css';
import { RecordingPills } from './RecordingPills';
import { isWatchable, PendingErase } from './RecordingRow';
import { SharePart } from './SharePart';
import { useRecordingNote, useRecordingWords } from './useRecordingWords';
import { ViewerList } from './ViewerList';

interface RecordingPanelProps {
  /** Id of the recording. */
  recording: string;
  me: { id: string; role?: string | undefined };
  /** Staff it may be shared with. */
  colleagues: readonly { id: string; name: string }[];
  pending: PendingAct | undefined;
  onErase: (recording: Recording, reason: string, whose: string) => void;
  onUndo: (recording: { id: string }) => void;
  onClose: () => void;
}

/** Everything one may know and do about one recording, beside the list. */
export function RecordingPanel(props: RecordingPanelProps) {
  const { recording: id, onClose } = props;
  const { t } = useTranslation(['recordings', 'common']);
  const recording = useOneRecording(id);
  const gone = recording.isError && asProblem(recording.error).status === 404;
  return (
    <Drawer.Root opened onClose={onClose} position="right" size="34rem" classNames={{ content: classes.content ?? '' }}>
      <Drawer.Overlay backgroundOpacity={0.45} />
      <Drawer.Content>
        <div className={classes.head}>
          <Drawer.Title className={classes.title}>{recording.data ? <Title recording={recording.data} me={props.me} /> : t('title')}</Drawer.Title>
          <Drawer.CloseButton size="lg" radius="xl" aria-label={t('panel.close')} />
        </div>
        <Drawer.Body className={classes.body}>
          {recording.isPending ? <ListSkeleton rows={4} /> : null}
          {gone ? <Notice>{t('panel.gone')}</Notice> : null}
          {recording.isError && !gone ? <ProblemNotice error={recording.error} onRetry={() => void recording.refetch()} /> : null}
          {recording.data ? <Known {...props} recording={recording.data} /> : null}
        </Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}

function Title({ recording, me }: { recording: Recording; me: { id: string } }) {
  return useRecordingWords(recording, me).title;
}

function Known({ recording, me, colleagues, pending, onErase, onUndo }: Omit<RecordingPanelProps, 'recording'> & { recording: Recording }) {
  const { t } = useTranslation('recordings');
  const clock = useClock();
  const words = useRecordingWords(recording, me);
  const note = useRecordingNote(recording);
  const { access, state } = recording;
  const stored = state === 'ready' || state === 'failed' || state === 'finalising';
  const facts = [
    [t('panel.recorded'), words.when],
    ...(recording.durationMs > 0 ? [[t('panel.length'), spanText(recording.durationMs)]] : []),
    ...(recording.bytes > 0 && access !== 'own' ? [[t('panel.size'), sizeText(clock.locale, recording.bytes)]] : []),
    [t('panel.by'), recording.startedBy.name],
    [t('panel.purpose'), recording.purpose || t('panel.noPurpose')],
    [t('panel.policy'), t('panel.version', { version: recording.policyVersion })],
    ...(recording.tags?.length ? [[t('panel.tags'), recording.tags.join(', ')]] : []),
    ...(stored ? [[t('panel.kept'), recording.purgeAt ? momentOf(clock, new Date(recording.purgeAt)) : t('panel.keptAlways')]] : []),
  ];
  return (
    <>
      <div className={classes.pills}>
        <RecordingPills recording={recording} />
      </div>
      {pending ? <PendingErase pending={pending} onUndo={() => onUndo(recording)} /> : null}
      {note.text ? <Notice tone={note.tone === 'bad' ? 'brick' : note.tone === 'warning' ? 'clay' : 'plain'}>{note.text}</Notice> : null}
      {isWatchable(recording) && !pending ? (
        <Button component={Link} to={`/recordings/${recording.id}`} leftSection={<IconPlayerPlay size={18} aria-hidden="true" />}>
          {t('row.watch')}
        </Button>
      ) : null}
      <dl className={classes.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {state === 'erased' ? <ErasureProof recording={recording.id} /> : null}
      <ConsentLedger recording={recording} me={me} />
      <ViewerList recording={recording.id} />
      {access === 'full' && state === 'ready' ? (
        <>
          <SharePart recording={recording} colleagues={colleagues} />
          <ExportPart recording={recording.id} />
        </>
      ) : null}
      {me.role === 'admin' && stored ? (
        <>
          <HoldPart recording={recording} />
          {pending ? null : <ErasePart recording={recording} onErase={(reason, whose) => onErase(recording, reason, whose)} />}
        </>
      ) : null}
    </>
  );
}
