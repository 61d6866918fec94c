import { Button } from '@mantine/core';
import { IconAlertTriangle, IconPlayerPauseFilled, IconPlayerRecordFilled } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { type RecordingControls } from '@/hooks/video/useRecording';
import { useNames } from './useNames';
import classes from './RecordingBanner.module.css';

interface RecordingBannerProps {
  recording: RecordingControls;
  /** This person put the question aside. */
  aside: boolean;
  /** Back to it. */
  onAnswer: () => void;
  onCancel: () => void;
}

/** What stands between a wish to record and a recording, or how one ended, in one line over the stage. */
export function RecordingBanner({ recording, aside, onAnswer, onCancel }: RecordingBannerProps) {
  const { t } = useTranslation('recording');
  const list = useNames();
  const { status, stage, paused, live, isHost, waiting } = recording;
  if (!status) return null;

  const line = () => {
    if (status.state === 'finalising' || status.state === 'failed') return t(`banner.${status.state}`);
    if (!live) return '';
    if (status.disk !== 'ok') return t(`disk.${status.disk}`);
    if (stage === 'ask') return aside ? t('banner.ask') : '';
    if (paused) return waiting.length > 0 ? t('banner.paused', { names: list(waiting) }) : t('banner.pausedBare');
    if (status.state === 'recording') return isHost && waiting.length > 0 ? t('banner.waitHere', { names: list(waiting) }) : '';
    return waiting.length > 0 ? t('banner.wait', { names: list(waiting) }) : t('banner.agreed');
  };
  const words = line();
  if (!words) return null;
  const Icon = status.disk !== 'ok' || status.state === 'failed' ? IconAlertTriangle : paused ? IconPlayerPauseFilled : IconPlayerRecordFilled;
  return (
    <div className={classes.banner} data-recording-banner>
      <Icon size={20} aria-hidden="true" className={classes.icon} />
      <span className={classes.words}>{words}</span>
      {stage === 'ask' ? (
        <Button size="compact-md" onClick={onAnswer}>
          {t('control.decide')}
        </Button>
      ) : null}
      {isHost && live && status.startedAt === undefined && stage !== 'ask' ? (
        <Button size="compact-md" variant="subtle" onClick={onCancel}>
          {t('control.cancel')}
        </Button>
      ) : null}
    </div>
  );
}
