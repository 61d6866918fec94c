import { Button, Modal, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { type RecordingControls } from '@/hooks/video/useRecording';
import { ConfirmDialog } from './ConfirmDialog';
import { ConsentDialog } from './ConsentDialog';
import { StartRecording } from './StartRecording';
import { useNames } from './useNames';

interface RecordingDialogsProps {
  recording: RecordingControls;
  /** What the host is about to do. */
  dialog: 'record' | 'stop-recording' | undefined;
  /** The question was put aside. */
  later: boolean;
  onLater: () => void;
  onClose: () => void;
  onLeave: () => void;
  /** Does it and says so when it failed. */
  attempt: (act: Promise<void>) => Promise<void>;
}

/** The questions of a recording: may I, without them, and shall it stop. */
export function RecordingDialogs({ recording, dialog, later, onLater, onClose, onLeave, attempt }: RecordingDialogsProps) {
  const { t } = useTranslation('consent');
  const { status, stage, without } = recording;
  const asks = status !== undefined && stage === 'ask' && !later;
  return (
    <>
      {asks && !without ? (
        <ConsentDialog
          key={`${status.id} ${status.state}`}
          status={status}
          onDecide={(decision) => (decision === 'agreed' ? recording.agree() : recording.decline())}
          onLater={onLater}
          onLeave={onLeave}
        />
      ) : null}
      {asks && without ? <Without recording={recording} onLater={onLater} attempt={attempt} /> : null}
      {dialog === 'record' && !recording.live ? (
        <StartRecording
          onClose={onClose}
          onStart={async (purpose) => {
            await attempt(recording.start(purpose));
            onClose();
          }}
        />
      ) : null}
      <ConfirmDialog
        opened={dialog === 'stop-recording' && recording.live}
        title={t('stop.title')}
        body={t('stop.body')}
        confirm={t('stop.go')}
        cancel={t('stop.keep')}
        onConfirm={() => {
          void attempt(recording.stop());
          onClose();
        }}
        onClose={onClose}
      />
    </>
  );
}

function Without({ recording, onLater, attempt }: Pick<RecordingDialogsProps, 'recording' | 'onLater' | 'attempt'>) {
  const { t } = useTranslation('consent');
  const list = useNames();
  const { declined } = recording;
  const names = list(declined);
  return (
    <Modal opened onClose={onLater} closeOnClickOutside={false} withCloseButton={false} size="sm" title={t('without.title', { names, count: declined.length })}>
      <p style={{ marginTop: 0 }}>{t('without.body', { names })}</p>
      <Stack gap="sm">
        <Button variant="default" onClick={() => void attempt(recording.stop())}>
          {t('without.stop')}
        </Button>
        <Button variant="default" onClick={() => void attempt(recording.agree())}>
          {t('without.go')}
        </Button>
      </Stack>
    </Modal>
  );
}
