import { IconMicrophone, IconMicrophoneOff, IconVideo, IconVideoOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useMicLevel } from '@/hooks/video/useMicLevel';
import { useReadable } from '@/hooks/useReadable';
import { type LocalMedia } from '@/lib/rtc/local';
import { ControlButton } from './ControlButton';
import { LevelMeter } from './LevelMeter';
import { TileVideo } from './TileVideo';
import { useStreamOf } from './useLocalPreview';
import classes from './SelfPreview.module.css';

/** What others will see and hear, with the two switches that matter. */
export function SelfPreview({ local, compact = false }: { local: LocalMedia; compact?: boolean }) {
  const { t } = useTranslation('precall');
  const { camera, microphone } = useReadable(local.state);
  const stream = useStreamOf(camera.on ? camera.track : undefined);
  const level = useMicLevel(microphone.on ? microphone.track : undefined);
  const words = camera.pending ? t('preview.starting') : camera.failure === 'missing' ? t('preview.none') : t('preview.off');

  return (
    <div className={classes.preview} role="group" aria-label={t('preview.label')} data-compact={compact || undefined} data-dark-stage>
      {stream ? <TileVideo stream={stream} owner="self" fit="cover" mirrored /> : <p className={classes.words}>{words}</p>}
      <div className={classes.bar}>
        <ControlButton
          label={microphone.on ? t('microphone.off') : t('microphone.on')}
          icon={microphone.on ? <IconMicrophone /> : <IconMicrophoneOff />}
          tone={microphone.on ? 'plain' : 'off'}
          aria-pressed={microphone.on}
          aria-busy={microphone.pending}
          onClick={() => void local.setMicrophone(!microphone.on)}
        />
        <ControlButton
          label={camera.on ? t('camera.off') : t('camera.on')}
          icon={camera.on ? <IconVideo /> : <IconVideoOff />}
          tone={camera.on ? 'plain' : 'off'}
          aria-pressed={camera.on}
          aria-busy={camera.pending}
          onClick={() => void local.setCamera(!camera.on)}
        />
        <LevelMeter level={level} label={t('microphone.level')} />
      </div>
    </div>
  );
}
