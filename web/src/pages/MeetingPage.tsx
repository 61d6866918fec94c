import '@/components/video/styles';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useParams } from 'react-router';
import { ProblemNotice } from '@/components/ui/Notice';
import { useTitle } from '@/components/ui/Page';
import { Splash } from '@/components/ui/Waiting';
import { EndScreen, type EndKind } from '@/components/video/EndScreen';
import { FullScreen } from '@/components/video/FullScreen';
import { Lobby } from '@/components/video/Lobby';
import { ObstacleScreen } from '@/components/video/ObstacleScreen';
import { persistently } from '@/components/video/persistently';
import { WaitingRoom } from '@/components/video/WaitingRoom';
import { useMe } from '@/hooks/useMe';
import { CallContext } from '@/hooks/video/callContext';
import { useRecordedBefore } from '@/hooks/video/useRecording';
import { useInterrupted, useVideoRoom } from '@/hooks/video/useVideoRoom';
import { loadWords } from '@/i18n';
import { keys } from '@/lib/api/keys';
import { asProblem } from '@/lib/api/problem';
import { videoCalls } from '@/lib/api/services/video-calls';
import { type Ended } from '@/lib/realtime/close';
import { isOver, type RoomPhase } from '@/lib/rtc/room';
import { environment, obstacle } from '@/lib/rtc/support';

// Fetched while one looks in the mirror: the lobby does not wait for it.
const stage = persistently(() => Promise.all([import('@/components/video/VideoMeetingRoom'), loadWords(['consent'])]));
const VideoMeetingRoom = lazy(() => stage.then(([m]) => ({ default: m.VideoMeetingRoom })));

/** A session from its lobby to its goodbye: /rooms/:room */
export function MeetingPage() {
  const { room = '' } = useParams();
  const [blocked] = useState(() => obstacle(environment()));
  if (blocked) return <ObstacleScreen obstacle={blocked} />;
  return <Visit key={room} room={room} />;
}

const socketEnds: Record<Ended, EndKind> = { 'signed-out': 'signedOut', forbidden: 'signedOut', replaced: 'replaced', outdated: 'outdated' };

function Visit({ room: id }: { room: string }) {
  const { t } = useTranslation('video');
  const me = useMe();
  const plan = useQuery({ queryKey: keys.rooms.one(id), queryFn: ({ signal }) => videoCalls.rooms.get(id, signal) });
  const { call, phase, room, self, others, reason, connection } = useVideoRoom(id);
  const interrupted = useInterrupted(call, connection.state === 'open');
  const minutes = useMinutesIn(phase);
  useTitle(room?.title || plan.data?.title || t('title'));

  const inLobby = phase === 'lobby';
  const recorded = useRecordedBefore(call, inLobby || phase === 'waiting');
  const known = plan.data !== undefined && plan.data.state !== 'ended';
  useEffect(() => {
    if (inLobby && known) void call.local.open();
  }, [call, inLobby, known]);

  if (connection.ended !== undefined && !isOver(phase)) {
    return <EndScreen kind={socketEnds[connection.ended]} onAgain={() => window.location.reload()} />;
  }
  if (isOver(phase)) {
    return <EndScreen kind={phase as EndKind} reason={reason} {...(minutes === undefined ? {} : { minutes })} {...(call.recording.last && me.kind === 'user' ? { recording: `/recordings?open=${call.recording.last}` } : {})} onAgain={() => call.backToLobby()} />;
  }
  if (phase === 'in' && room) {
    return (
      <CallContext value={call}>
        <Suspense fallback={<Splash />}>
          <VideoMeetingRoom call={call} room={room} interrupted={interrupted} />
        </Suspense>
      </CallContext>
    );
  }
  if (phase === 'waiting' && room && self) {
    const host = [...others.values()].some((p) => p.role === 'host' && p.state === 'joined');
    return <WaitingRoom room={room} self={self} local={call.local} recording={recorded} {...(others.size > 0 ? { hostHere: host } : {})} onLeave={() => void call.leave()} />;
  }
  if (plan.isPending) return <Splash />;
  if (plan.isError) {
    if (asProblem(plan.error).status === 404) return <EndScreen kind="notFound" onAgain={() => void plan.refetch()} />;
    return (
      <FullScreen title={t('over.failed.title')}>
        <ProblemNotice error={plan.error} onRetry={() => void plan.refetch()} />
      </FullScreen>
    );
  }
  if (plan.data.state === 'ended') return <EndScreen kind="ended" onAgain={() => void plan.refetch()} />;
  return <Lobby room={plan.data} me={me} local={call.local} joining={phase === 'joining'} recording={recorded} onJoin={() => void call.join()} />;
}

/** Whole minutes spent inside, once that is over; undefined for who never was. */
function useMinutesIn(phase: RoomPhase): number | undefined {
  const since = useRef<number>(undefined);
  const [minutes, setMinutes] = useState<number>();
  useEffect(() => {
    if (phase === 'in') since.current ??= performance.now();
    else if (since.current !== undefined && isOver(phase)) {
      setMinutes(Math.round((performance.now() - since.current) / 60_000));
      since.current = undefined;
    }
  }, [phase]);
  return minutes;
}
