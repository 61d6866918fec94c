import './styles';
import { Button, CloseButton, Drawer, VisuallyHidden } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { lazy, Suspense, useCallback, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useToast } from '@/components/ui/toast';
import { useReadable } from '@/hooks/useReadable';
import { useAnnouncer, useSpokenSpeaker } from '@/hooks/video/useAnnouncer';
import { useAutoHide } from '@/hooks/video/useAutoHide';
import { usePictureInPicture } from '@/hooks/video/usePictureInPicture';
import { useDominant, useParticipants } from '@/hooks/video/useParticipants';
import { useRecording } from '@/hooks/video/useRecording';
import { useFullscreen, useWakeLock, useLeaveGuard } from '@/hooks/video/useScreen';
import { useShortcuts } from '@/hooks/video/useShortcuts';
import { useVideoControls } from '@/hooks/video/useVideoControls';
import { useVideoQuality } from '@/hooks/video/useVideoQuality';
import { type Participant, type VideoRoom } from '@/lib/realtime/types';
import { type Call } from '@/lib/rtc/call';
import { abilities } from '@/lib/rtc/support';
import { ConnectionQuality } from './ConnectionQuality';
import { FloatingSelf } from './FloatingSelf';
import { KnockBanner } from './KnockBanner';
import { MeetingDialogs, type Dialog } from './MeetingDialogs';
import { MoreMenu, type View } from './MoreMenu';
import { ParticipantGrid } from './ParticipantGrid';
import { ParticipantsList } from './ParticipantsList';
import { PipView } from './PipView';
import { persistently } from './persistently';
import { ReconnectingOverlay } from './ReconnectingOverlay';
import { RecordingBanner } from './RecordingBanner';
import { RecordingIndicator } from './RecordingIndicator';
import { RemoteSound } from './RemoteSound';
import { ScreenShareControls } from './ScreenShareControls';
import { SessionTimer } from './SessionTimer';
import { StageTile } from './StageTile';
import { stageOf, type TileModel } from './tiles';
import { useMeetingNotices } from './useMeetingNotices';
import { useRecordingEvents } from './useRecordingEvents';
import { VideoControls } from './VideoControls';
import classes from './VideoMeetingRoom.module.css';

const RecordingDialogs = lazy(() => persistently(() => import('./RecordingDialogs')).then((m) => ({ default: m.RecordingDialogs })));

interface VideoMeetingRoomProps {
  call: Call;
  room: VideoRoom;
  /** Media or socket is being mended. */
  interrupted: boolean;
}

/** The session itself: people, the controls around them, and whoever stands at the door. */
export function VideoMeetingRoom({ call, room, interrupted }: VideoMeetingRoomProps) {
  const { t } = useTranslation('video');
  const toast = useToast();
  const people = useParticipants(call);
  const controls = useVideoControls(call);
  const quality = useVideoQuality(call);
  const recording = useRecording(call);
  const local = useReadable(call.local.state);
  const [can] = useState(abilities);
  const [view, setView] = useState<View>({ mode: 'grid', showSelf: true, mirrored: true });
  const [pinned, setPinned] = useState<string>();
  const [panel, setPanel] = useState(false);
  const [dialog, setDialog] = useState<Dialog>();
  const frame = useRef<HTMLDivElement>(null);
  const wide = useMediaQuery('(min-width: 62em)', undefined, { getInitialValueInEffect: false });

  const { self, others, waiting, tracks, isHost } = people;
  const dominant = useDominant(call, others);
  const stage = useMemo(
    () => stageOf({ self, others, showSelf: view.showSelf, pinned, dominant, mode: view.mode }),
    [self, others, view.showSelf, view.mode, pinned, dominant],
  );

  const { line, announcer } = useAnnouncer();
  useMeetingNotices(call, announcer);
  const { attempt: tryRecording, withdraw, agree, bookmark } = useRecordingEvents(call, recording, announcer);
  const [aside, setAside] = useState('');
  const question = recording.stage === 'ask' && recording.status ? `${recording.status.id} ${recording.status.state}` : '';
  const speaker = others.find((p) => people.speaking.has(p.id))?.name;
  const saySpeaker = useCallback((name: string) => announcer.announce(t('say.speaks', { name })), [announcer, t]);
  useSpokenSpeaker(others.length > 1 ? speaker : undefined, saySpeaker);
  const warn = useCallback((count: number) => toast.done(t('toast.endSoon', { count })), [toast, t]);

  const fullscreen = useFullscreen();
  const findVideo = useCallback(() => frame.current?.querySelector<HTMLVideoElement>('[data-large]:not([data-self]) video, [data-participant]:not([data-self]) video') ?? null, []);
  const float = useCallback((on: boolean) => call.views.setFloating(on), [call]);
  const pip = usePictureInPicture(findVideo, float);
  useWakeLock(true);
  useLeaveGuard(true);
  const isInside = useCallback((node: Element) => frame.current?.contains(node) ?? false, []);
  const shown = useAutoHide(panel || dialog !== undefined || others.length === 0 || interrupted || waiting.length > 0 || question !== '', isInside);

  const change = useCallback((next: Partial<View>) => setView((now) => ({ ...now, ...next })), []);
  const attempt = (act: Promise<unknown>) => void act.catch(() => toast.failed(new Error(t('people.failed'))));
  const admit = (person: Participant) => attempt(people.admit(person.id));

  useShortcuts(dialog === undefined, {
    microphone: () => void controls.toggleMicrophone(),
    camera: () => void controls.toggleCamera(),
    screen: () => can.screenShare && void controls.toggleScreen(),
    hand: () => void controls.toggleHand(),
    people: () => setPanel((open) => !open),
    layout: () => change({ mode: view.mode === 'grid' ? 'speaker' : 'grid' }),
    fullscreen: () => void fullscreen.toggle(),
    help: () => setDialog({ kind: 'shortcuts' }),
    bookmark,
    talk: controls.pushToTalk,
  });

  const draw = (tile: TileModel, large: boolean) => (
    <StageTile
      call={call}
      tile={tile}
      large={large}
      tracks={tracks}
      camera={local.camera.on ? local.camera.track : undefined}
      microphoneOn={local.microphone.on}
      mirrored={view.mirrored}
      speaking={people.speaking.has(tile.participant.id)}
      verdict={quality.of(tile.participant.id)}
      pinned={pinned === tile.key}
      dimmed={interrupted && !tile.self}
      audioOnly={controls.audioOnly}
      isHost={isHost}
      recording={recording.subject(tile.participant.id)}
      onPin={() => setPinned((now) => (now === tile.key ? undefined : tile.key))}
      onMute={(source) => attempt(people.mute(tile.participant.id, source))}
      onKick={() => setDialog({ kind: 'kick', participant: tile.participant })}
    />
  );
  const main = stage.tiles.find((tile) => tile.key === stage.main) ?? stage.tiles.find((tile) => !tile.self);
  const list = (
    <ParticipantsList
      self={self ? { ...self, microphone: local.microphone.on, camera: local.camera.on } : undefined}
      others={others}
      waiting={waiting}
      speaking={people.speaking}
      isHost={isHost}
      verdictOf={quality.of}
      recordingOf={recording.subject}
      onAdmit={admit}
      onDeny={(person) => attempt(people.deny(person.id))}
      onMute={(person, source) => attempt(people.mute(person.id, source))}
      onKick={(participant) => setDialog({ kind: 'kick', participant })}
    />
  );

  return (
    <div ref={frame} className={classes.meeting} data-call data-panel={(panel && wide) || undefined} data-quiet={!shown || undefined}>
      <main className={classes.column} aria-label={t('meeting.label')}>
        <header className={classes.head}>
          <h1 className={classes.title}>{room.title || t('title')}</h1>
          <RecordingIndicator recording={recording} onWithdraw={withdraw} onAgree={agree} onStop={() => setDialog({ kind: 'stop-recording' })} onCancel={() => void tryRecording(recording.stop())} />
          <SessionTimer startedAt={room.startedAt} endsAt={room.endsAt} onWarning={warn} />
          <ConnectionQuality own={quality.own} figures={quality.figures} others={others.map((p) => ({ id: p.id, name: p.name, verdict: quality.of(p.id) }))} />
        </header>
        <div className={classes.stage}>
          <ParticipantGrid stage={stage}>{draw}</ParticipantGrid>
          {stage.floating ? <FloatingSelf>{draw(stage.floating, false)}</FloatingSelf> : null}
          <div className={classes.notices}>
            <RecordingBanner recording={recording} aside={question !== '' && aside === question} onAnswer={() => setAside('')} onCancel={() => void tryRecording(recording.stop())} />
            {others.length === 0 ? <p className={classes.alone}>{isHost ? t('meeting.aloneHost') : t('meeting.alone')}</p> : null}
            {isHost && !panel ? <KnockBanner waiting={waiting} onAdmit={admit} onSee={() => setPanel(true)} /> : null}
          </div>
          {controls.screen ? (
            <div className={classes.sharing}>
              <ScreenShareControls withSound={local.screen.audio !== undefined} onStop={() => call.local.stopScreen()} />
            </div>
          ) : null}
          {interrupted ? <ReconnectingOverlay /> : null}
          <RemoteSound tracks={tracks} speaker={local.speaker} />
        </div>
        <footer className={classes.foot}>
          {controls.unmuted ? (
            <div role="status" className={classes.pill}>
              {t('toast.unmuted')}
              <Button size="compact-md" color="brick" onClick={() => void controls.undoUnmute()}>
                {t('toast.undo')}
              </Button>
            </div>
          ) : null}
          <VideoControls
            controls={controls}
            canShare={can.screenShare}
            isHost={isHost}
            recording={recording}
            onRecord={() => setDialog({ kind: recording.live ? 'stop-recording' : 'record' })}
            waiting={isHost ? waiting.length : 0}
            peopleOpen={panel}
            onPeople={() => setPanel((open) => !open)}
            onLeave={() => void call.leave()}
            onEnd={() => setDialog({ kind: 'end' })}
            more={
              <MoreMenu
                controls={controls}
                view={view}
                onView={change}
                can={can}
                floating={pip.active}
                onFloat={() => void (pip.active ? pip.close() : pip.open())}
                fullscreen={fullscreen.active}
                onFullscreen={() => void fullscreen.toggle()}
                onSettings={() => setDialog({ kind: 'settings' })}
                onShortcuts={() => setDialog({ kind: 'shortcuts' })}
                recording={recording}
                onRecord={() => setDialog({ kind: recording.live ? 'stop-recording' : 'record' })}
                onBookmark={bookmark}
                onWithdraw={withdraw}
                onAgree={agree}
              />
            }
          />
        </footer>
      </main>
      {panel && wide ? (
        <aside className={classes.panel} aria-labelledby="people-title">
          <div className={classes.panelHead}>
            <h2 id="people-title" className={classes.panelTitle}>
              {t('people.title')}
            </h2>
            <CloseButton size="lg" aria-label={t('people.close')} onClick={() => setPanel(false)} />
          </div>
          <div className={classes.panelBody}>{list}</div>
        </aside>
      ) : null}
      {wide ? null : (
        <Drawer opened={panel} onClose={() => setPanel(false)} position="bottom" size="75%" title={t('people.title')} closeButtonProps={{ 'aria-label': t('people.close') }}>
          {list}
        </Drawer>
      )}
      {pip.target && main ? (
        <PipView target={pip.target} microphone={controls.microphone} onMicrophone={() => void controls.toggleMicrophone()} onClose={pip.close}>
          {draw(main, true)}
        </PipView>
      ) : null}
      <MeetingDialogs
        call={call}
        dialog={dialog}
        onClose={() => setDialog(undefined)}
        onKick={(participant) => attempt(people.kick(participant.id))}
        onEnd={() => void call.end().catch(() => toast.failed(new Error(t('end.failed'))))}
      />
      <Suspense fallback={null}>
        <RecordingDialogs
          recording={recording}
          dialog={dialog?.kind === 'record' || dialog?.kind === 'stop-recording' ? dialog.kind : undefined}
          later={question !== '' && aside === question}
          onLater={() => setAside(question)}
          onClose={() => setDialog(undefined)}
          onLeave={() => void call.leave()}
          attempt={tryRecording}
        />
      </Suspense>
      <VisuallyHidden aria-live="polite" role="log">
        {line}
      </VisuallyHidden>
    </div>
  );
}
