import { Menu } from '@mantine/core';
import { IconCircleOff, IconDots, IconHandStop, IconMicrophoneOff, IconPin, IconPlayerRecordFilled } from '@tabler/icons-react';
import { useMemo, useRef, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { initialsOf, toneOf } from '@/components/ui/initials';
import { useTile } from '@/hooks/video/useTile';
import { type Participant, type RecordingSubject } from '@/lib/realtime/types';
import { type Verdict } from '@/lib/rtc/quality';
import { type RemoteTrack } from '@/lib/rtc/subscribe';
import { QualityBars } from './QualityBars';
import { markOf } from './RecordingIndicator';
import { TileVideo } from './TileVideo';
import classes from './VideoTile.module.css';

export interface VideoTileProps {
  participant: Participant;
  source: 'camera' | 'screen';
  self?: boolean;
  /** What arrives from somebody else. */
  remote?: RemoteTrack;
  /** What this person sends. */
  local?: MediaStreamTrack;
  mirrored?: boolean;
  speaking?: boolean;
  verdict?: Verdict;
  priority?: number;
  large?: boolean;
  pinned?: boolean;
  /** The connection is being mended: keep the last frame, dimmed. */
  dimmed?: boolean;
  menu?: ReactNode;
  /** Where this person stands with the recording; undefined when there is none. */
  recording?: RecordingSubject | undefined;
}

/** One person's camera or screen, with what one needs to know about it. */
export function VideoTile(props: VideoTileProps) {
  const { participant, source, self = false, remote, local, mirrored = false, speaking = false, verdict, large = false, pinned = false, dimmed = false, recording } = props;
  const { t } = useTranslation(['video', 'recording']);
  const frame = useRef<HTMLDivElement>(null);
  useTile(frame, self ? '' : participant.id, source, props.priority ?? 1);

  const own = useMemo(() => (local ? new MediaStream([local]) : undefined), [local]);
  const stream = self ? own : remote?.stream;
  const on = source === 'screen' || participant.camera || self;
  const away = participant.state === 'reconnecting';
  const shown = stream !== undefined && on && (self || remote?.active === true || away || remote?.reason === 'starting');
  const paused = !self && on && remote !== undefined && !remote.active ? t(`tile.paused.${pauseReason(remote.reason)}`) : '';
  const name = source === 'screen' ? t('tile.screen', { name: participant.name }) : self ? t('tile.you', { name: participant.name }) : participant.name;
  const muted = source === 'camera' && !participant.microphone;
  const facts = [
    muted ? t('tile.muted') : '',
    source === 'camera' && !shown ? t('tile.cameraOff') : '',
    participant.handRaised && source === 'camera' ? t('tile.hand') : '',
    away ? t('tile.away') : '',
    recording ? t(`recording:person.${markOf(recording)}`) : '',
  ].filter(Boolean);

  return (
    <div className={classes.wrap}>
      <div
        ref={frame}
        role="group"
        aria-label={[name, ...facts].join(', ')}
        className={classes.tile}
        data-participant={participant.id}
        data-source={source}
        data-self={self || undefined}
        data-speaking={(speaking && !muted) || undefined}
        data-dimmed={dimmed || away || undefined}
        data-large={large || undefined}
      >
        {shown && stream ? (
          <TileVideo
            stream={stream}
            owner={`${participant.id}/${source}`}
            fit={source === 'screen' ? 'contain' : 'cover'}
            mirrored={mirrored}
            remote={!self}
          />
        ) : null}
        {shown ? null : <Face id={participant.identity} name={participant.name} />}
        {paused && !away ? <p className={classes.note}>{paused}</p> : null}
        {away ? <p className={classes.note}>{t('tile.back')}</p> : null}
        <div className={classes.tag} aria-hidden="true">
          {muted ? <IconMicrophoneOff size={16} className={classes.muted} /> : null}
          {participant.handRaised && source === 'camera' ? <IconHandStop size={16} className={classes.hand} /> : null}
          {pinned ? <IconPin size={16} /> : null}
          {recording ? <RecordedMark subject={recording} /> : null}
          <span className={classes.name}>{self ? t('tile.youShort') : name}</span>
          {verdict && !self && source === 'camera' ? <QualityBars verdict={verdict} /> : null}
        </div>
      </div>
      {props.menu ? (
        <Menu withInitialFocusPlaceholder={false} position="bottom-end" shadow="md" withinPortal={false}>
          <Menu.Target>
            <button type="button" className={classes.menu} aria-label={t('tile.actions', { name })}>
              <IconDots size={20} aria-hidden="true" />
            </button>
          </Menu.Target>
          <Menu.Dropdown>{props.menu}</Menu.Dropdown>
        </Menu>
      ) : null}
    </div>
  );
}

/** A filled dot for who is recorded, a crossed one for who is not; the tile's name says it in words. */
function RecordedMark({ subject }: { subject: RecordingSubject }) {
  return subject.recorded ? <IconPlayerRecordFilled size={14} className={classes.recorded} /> : <IconCircleOff size={16} />;
}

const reasons = ['bandwidth', 'codec', 'starting', 'muted', 'hidden', 'quiet', 'no_slot'] as const;

function pauseReason(reason: string): (typeof reasons)[number] {
  return reasons.find((known) => known === reason) ?? 'hidden';
}

const tones = [classes.tone0, classes.tone1, classes.tone2, classes.tone3, classes.tone4];

/** Stands in for a face: initials on the person's own colour. */
function Face({ id, name }: { id: string; name: string }) {
  return (
    <span aria-hidden="true" className={`${classes.face} ${tones[toneOf(id, tones.length)] ?? ''}`}>
      {initialsOf(name)}
    </span>
  );
}
