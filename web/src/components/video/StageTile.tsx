import { Menu } from '@mantine/core';
import { IconMicrophoneOff, IconPin, IconPinnedOff, IconScreenShareOff, IconUserMinus } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { type RecordingSubject, type Source } from '@/lib/realtime/types';
import { type Call } from '@/lib/rtc/call';
import { type Verdict } from '@/lib/rtc/quality';
import { trackKey, type RemoteTracks } from '@/lib/rtc/subscribe';
import { type TileModel } from './tiles';
import { VideoTile } from './VideoTile';

interface StageTileProps {
  call: Call;
  tile: TileModel;
  large: boolean;
  tracks: RemoteTracks;
  camera: MediaStreamTrack | undefined;
  microphoneOn: boolean;
  mirrored: boolean;
  speaking: boolean;
  verdict: Verdict;
  pinned: boolean;
  dimmed: boolean;
  audioOnly: boolean;
  isHost: boolean;
  recording: RecordingSubject | undefined;
  onPin: () => void;
  onMute: (source: Source) => void;
  onKick: () => void;
}

/** What is said first when bandwidth is short: shared screens, then who is in front, then who speaks. */
function priorityOf(tile: TileModel, large: boolean, speaking: boolean): number {
  if (tile.source === 'screen') return 4;
  if (large) return 3;
  return speaking ? 2 : 1;
}

/** Joins a tile of the stage with its media, its state and what may be done with it. */
export function StageTile(props: StageTileProps) {
  const { tile, large, tracks, camera, microphoneOn, mirrored, speaking, verdict, pinned, dimmed, audioOnly, isHost, recording } = props;
  const { t } = useTranslation('video');
  if (tile.self) {
    const participant = { ...tile.participant, microphone: microphoneOn, camera: camera !== undefined, state: 'joined' as const };
    return <VideoTile participant={participant} source="camera" self local={camera} mirrored={mirrored} speaking={speaking} large={large} recording={recording} />;
  }
  const { participant, source } = tile;
  const may = isHost && participant.role !== 'host';
  const icon = { size: 18, 'aria-hidden': true } as const;
  const menu = (
    <>
      <Menu.Item data-autofocus leftSection={pinned ? <IconPinnedOff {...icon} /> : <IconPin {...icon} />} onClick={props.onPin}>
        {pinned ? t('tile.unpin') : t('tile.pin')}
      </Menu.Item>
      {may && source === 'camera' && participant.microphone ? (
        <Menu.Item leftSection={<IconMicrophoneOff {...icon} />} onClick={() => props.onMute('microphone')}>
          {t('people.mute', { name: participant.name })}
        </Menu.Item>
      ) : null}
      {may && source === 'screen' ? (
        <Menu.Item leftSection={<IconScreenShareOff {...icon} />} onClick={() => props.onMute('screen')}>
          {t('people.stopScreen', { name: participant.name })}
        </Menu.Item>
      ) : null}
      {may ? (
        <Menu.Item color="brick" leftSection={<IconUserMinus {...icon} />} onClick={props.onKick}>
          {t('people.remove', { name: participant.name })}
        </Menu.Item>
      ) : null}
    </>
  );
  const remote = audioOnly && source === 'camera' ? undefined : tracks.get(trackKey(participant.id, source));
  return (
    <VideoTile
      participant={participant}
      source={source}
      {...(remote ? { remote } : {})}
      speaking={speaking && source === 'camera'}
      verdict={verdict}
      priority={priorityOf(tile, large, speaking)}
      large={large}
      pinned={pinned}
      dimmed={dimmed}
      menu={menu}
      recording={recording}
    />
  );
}
