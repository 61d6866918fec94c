import { useTranslation } from 'react-i18next';
import { Pill, type Tone } from '@/components/ui/Pill';
import { type Recording, type RecordingState } from '@/lib/api/types';

const tones: Record<RecordingState, Tone> = {
  asking: 'plain',
  recording: 'brick',
  finalising: 'clay',
  ready: 'brand',
  failed: 'brick',
  cancelled: 'plain',
  erased: 'plain',
};

/** Where a recording is in its life, and what is special about it. */
export function RecordingPills({ recording }: { recording: Recording }) {
  const { t } = useTranslation('recordings');
  return (
    <>
      {recording.legalHold ? <Pill tone="clay">{t('mark.hold')}</Pill> : null}
      {recording.share ? <Pill>{t('mark.shared')}</Pill> : null}
      {recording.recovered && recording.state === 'ready' ? <Pill tone="clay">{t('mark.recovered')}</Pill> : null}
      <Pill tone={tones[recording.state]} dot={recording.state === 'recording'}>
        {t(`state.${recording.state}`)}
      </Pill>
    </>
  );
}
