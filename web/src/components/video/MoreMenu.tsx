import { Menu } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import {
  IconArrowsMaximize,
  IconArrowsMinimize,
  IconBookmark,
  IconEar,
  IconEye,
  IconEyeOff,
  IconFlipVertical,
  IconHandStop,
  IconKeyboard,
  IconLayoutGrid,
  IconLayoutSidebarRight,
  IconPictureInPicture,
  IconPlayerRecord,
  IconPlayerStop,
  IconScreenShare,
  IconSettings,
  IconUserCheck,
  IconUserOff,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { type RecordingControls } from '@/hooks/video/useRecording';
import { type VideoControls } from '@/hooks/video/useVideoControls';
import { type Abilities } from '@/lib/rtc/support';

export interface View {
  mode: 'grid' | 'speaker';
  showSelf: boolean;
  mirrored: boolean;
}

interface MoreMenuProps {
  controls: VideoControls;
  view: View;
  onView: (change: Partial<View>) => void;
  can: Abilities;
  floating: boolean;
  onFloat: () => void;
  fullscreen: boolean;
  onFullscreen: () => void;
  onSettings: () => void;
  onShortcuts: () => void;
  recording: RecordingControls;
  onRecord: () => void;
  onBookmark: () => void;
  onWithdraw: () => void;
  onAgree: () => void;
}

/** Everything one needs once per session, not once per minute. */
export function MoreMenu(props: MoreMenuProps) {
  const { controls, view, onView, can, floating, fullscreen } = props;
  const { t } = useTranslation(['video', 'recording']);
  // The bar of a phone has no room for these two (VideoControls.module.css).
  const narrow = useMediaQuery('(max-width: 30em)', false, { getInitialValueInEffect: false });
  const icon = { size: 20, 'aria-hidden': true } as const;
  return (
    <>
      {narrow && can.screenShare ? (
        <Menu.Item data-autofocus leftSection={<IconScreenShare {...icon} />} onClick={() => void controls.toggleScreen()}>
          {controls.screen ? t('controls.stopShare') : t('controls.share')}
        </Menu.Item>
      ) : null}
      {narrow ? (
        <Menu.Item data-autofocus={!can.screenShare || undefined} leftSection={<IconHandStop {...icon} />} onClick={() => void controls.toggleHand()}>
          {controls.hand ? t('controls.lower') : t('controls.raise')}
        </Menu.Item>
      ) : null}
      <Menu.Item data-autofocus={!narrow || undefined} leftSection={<IconSettings {...icon} />} onClick={props.onSettings}>
        {t('controls.settings')}
      </Menu.Item>
      <Menu.Item leftSection={<IconEar {...icon} />} onClick={() => void controls.setAudioOnly(!controls.audioOnly)}>
        {controls.audioOnly ? t('controls.audioOnlyOff') : t('controls.audioOnly')}
      </Menu.Item>
      <RecordingItems {...props} narrow={narrow} />
      <Menu.Divider role="separator" />
      <Menu.Item
        leftSection={view.mode === 'grid' ? <IconLayoutSidebarRight {...icon} /> : <IconLayoutGrid {...icon} />}
        onClick={() => onView({ mode: view.mode === 'grid' ? 'speaker' : 'grid' })}
      >
        {view.mode === 'grid' ? t('controls.speaker') : t('controls.grid')}
      </Menu.Item>
      <Menu.Item leftSection={view.showSelf ? <IconEyeOff {...icon} /> : <IconEye {...icon} />} onClick={() => onView({ showSelf: !view.showSelf })}>
        {view.showSelf ? t('controls.hideSelf') : t('controls.showSelf')}
      </Menu.Item>
      <Menu.Item leftSection={<IconFlipVertical {...icon} />} onClick={() => onView({ mirrored: !view.mirrored })}>
        {view.mirrored ? t('controls.mirrorOff') : t('controls.mirror')}
      </Menu.Item>
      {can.documentPip || can.videoPip ? (
        <Menu.Item leftSection={<IconPictureInPicture {...icon} />} onClick={props.onFloat}>
          {floating ? t('controls.pipOff') : t('controls.pip')}
        </Menu.Item>
      ) : null}
      {can.fullscreen ? (
        <Menu.Item leftSection={fullscreen ? <IconArrowsMinimize {...icon} /> : <IconArrowsMaximize {...icon} />} onClick={props.onFullscreen}>
          {fullscreen ? t('controls.fullscreenOff') : t('controls.fullscreen')}
        </Menu.Item>
      ) : null}
      <Menu.Divider role="separator" />
      <Menu.Item leftSection={<IconKeyboard {...icon} />} rightSection="?" onClick={props.onShortcuts}>
        {t('controls.shortcuts')}
      </Menu.Item>
    </>
  );
}

/** What this person may do about the recording: hosts ask and stop, everybody decides about themselves. */
function RecordingItems({ recording, narrow, onRecord, onBookmark, onWithdraw, onAgree }: MoreMenuProps & { narrow: boolean }) {
  const { t } = useTranslation('recording');
  const icon = { size: 20, 'aria-hidden': true } as const;
  const { live, isHost, stage, status, self } = recording;
  const agreed = live && status?.people.some((p) => p.participant === self && p.consent === 'agreed');
  return (
    <>
      {isHost && narrow ? (
        <Menu.Item leftSection={live ? <IconPlayerStop {...icon} /> : <IconPlayerRecord {...icon} />} onClick={onRecord}>
          {live ? t('control.stop') : t('control.start')}
        </Menu.Item>
      ) : null}
      {isHost && status?.state === 'recording' ? (
        <Menu.Item leftSection={<IconBookmark {...icon} />} rightSection="B" onClick={onBookmark}>
          {t('control.mark')}
        </Menu.Item>
      ) : null}
      {agreed ? (
        <Menu.Item leftSection={<IconUserOff {...icon} />} onClick={onWithdraw}>
          {t('control.withdraw')}
        </Menu.Item>
      ) : null}
      {stage === 'declined' || stage === 'withdrawn' ? (
        <Menu.Item leftSection={<IconUserCheck {...icon} />} onClick={onAgree}>
          {t('control.agree')}
        </Menu.Item>
      ) : null}
    </>
  );
}
