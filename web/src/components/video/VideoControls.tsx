import { Menu } from '@mantine/core';
import '@mantine/core/styles/Menu.layer.css';
import '@mantine/core/styles/Popover.layer.css';
import {
  IconDots,
  IconDoorExit,
  IconHandStop,
  IconMicrophone,
  IconMicrophoneOff,
  IconPlayerRecord,
  IconPlayerStop,
  IconScreenShare,
  IconScreenShareOff,
  IconUsers,
  IconVideo,
  IconVideoOff,
} from '@tabler/icons-react';
import { type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { type RecordingControls } from '@/hooks/video/useRecording';
import { type VideoControls as Controls } from '@/hooks/video/useVideoControls';
import { ControlButton } from './ControlButton';
import classes from './VideoControls.module.css';

interface VideoControlsProps {
  controls: Controls;
  canShare: boolean;
  isHost: boolean;
  recording: Pick<RecordingControls, 'live'>;
  /** Asks to record, or whether to stop; for hosts. */
  onRecord: () => void;
  waiting: number;
  peopleOpen: boolean;
  onPeople: () => void;
  onLeave: () => void;
  onEnd: () => void;
  /** What the More menu holds. */
  more: ReactNode;
}

/** The bar one reaches for: devices, sharing, people, the way out. */
export function VideoControls(props: VideoControlsProps) {
  const { controls, canShare, isHost, recording, onRecord, waiting, peopleOpen, onPeople, onLeave, onEnd, more } = props;
  const { t } = useTranslation(['video', 'recording']);
  return (
    <div role="toolbar" aria-label={t('controls.label')} className={classes.bar}>
      <ControlButton
        label={controls.microphone ? t('controls.mute') : t('controls.unmute')}
        hint={controls.talking ? t('controls.talking') : 'M'}
        icon={controls.microphone ? <IconMicrophone /> : <IconMicrophoneOff />}
        tone={controls.talking ? 'on' : controls.microphone ? 'plain' : 'off'}
        aria-pressed={controls.microphone}
        aria-busy={controls.pending.microphone}
        aria-keyshortcuts="M Control+D Meta+D"
        onClick={() => void controls.toggleMicrophone()}
      />
      <ControlButton
        label={controls.camera ? t('controls.cameraOff') : t('controls.cameraOn')}
        hint="V"
        icon={controls.camera ? <IconVideo /> : <IconVideoOff />}
        tone={controls.camera ? 'plain' : 'off'}
        aria-pressed={controls.camera}
        aria-busy={controls.pending.camera}
        aria-keyshortcuts="V Control+E Meta+E"
        onClick={() => void controls.toggleCamera()}
      />
      {canShare ? (
        <ControlButton
          label={controls.screen ? t('controls.stopShare') : t('controls.share')}
          hint="S"
          className={classes.wide}
          icon={controls.screen ? <IconScreenShareOff /> : <IconScreenShare />}
          tone={controls.screen ? 'on' : 'plain'}
          aria-pressed={controls.screen}
          aria-busy={controls.pending.screen}
          aria-keyshortcuts="S"
          onClick={() => void controls.toggleScreen()}
        />
      ) : null}
      <ControlButton
        label={controls.hand ? t('controls.lower') : t('controls.raise')}
        hint="H"
        className={classes.wide}
        icon={<IconHandStop />}
        tone={controls.hand ? 'on' : 'plain'}
        aria-pressed={controls.hand}
        aria-keyshortcuts="H"
        onClick={() => void controls.toggleHand()}
      />
      {isHost ? (
        <ControlButton
          label={recording.live ? t('recording:control.stop') : t('recording:control.start')}
          className={classes.wide}
          icon={recording.live ? <IconPlayerStop /> : <IconPlayerRecord />}
          tone={recording.live ? 'on' : 'plain'}
          aria-pressed={recording.live}
          onClick={onRecord}
        />
      ) : null}
      <ControlButton
        label={waiting > 0 ? t('controls.peopleWaiting', { count: waiting }) : t('controls.people')}
        hint="P"
        icon={<IconUsers />}
        tone={peopleOpen ? 'on' : 'plain'}
        badge={waiting}
        aria-expanded={peopleOpen}
        aria-keyshortcuts="P"
        onClick={onPeople}
      />
      <Menu withInitialFocusPlaceholder={false} position="top" shadow="md" width={270} withinPortal={false}>
        <Menu.Target>
          <ControlButton label={t('controls.more')} icon={<IconDots />} />
        </Menu.Target>
        <Menu.Dropdown>{more}</Menu.Dropdown>
      </Menu>
      {isHost ? (
        <Menu withInitialFocusPlaceholder={false} position="top-end" shadow="md" width={240} withinPortal={false}>
          <Menu.Target>
            <ControlButton label={t('controls.leaveOptions')} text={t('controls.leave')} icon={<IconDoorExit />} tone="danger" />
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item data-autofocus onClick={onLeave}>{t('controls.leaveOnly')}</Menu.Item>
            <Menu.Item color="brick" onClick={onEnd}>
              {t('controls.endAll')}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      ) : (
        <ControlButton label={t('controls.leave')} text={t('controls.leave')} icon={<IconDoorExit />} tone="danger" onClick={onLeave} />
      )}
    </div>
  );
}
