import { type Participant, type Score, type VideoRoom } from '../../realtime/types';

/** People and rooms for tests; nobody real. */
export function somebody(id: string, more: Partial<Participant> = {}): Participant {
  return {
    id,
    identity: `user-${id}`,
    name: `Person ${id}`,
    role: 'participant',
    state: 'joined',
    kicked: false,
    connection: { state: 'connected', up: '', down: '' },
    microphone: true,
    camera: true,
    screen: false,
    handRaised: false,
    mutedByHost: false,
    joinedAt: `2026-01-01T10:00:0${id.length}Z`,
    tracks: [],
    ...more,
  };
}

export function someRoom(more: Partial<VideoRoom> = {}): VideoRoom {
  return {
    id: 'R',
    meetingId: 'M',
    title: 'Weekly session',
    kind: 'individual',
    engine: 'sfu',
    state: 'live',
    startsAt: '2026-01-01T10:00:00Z',
    endsAt: '2026-01-01T11:00:00Z',
    startedAt: '2026-01-01T10:00:00Z',
    host: { id: 'user-H', name: 'Person H' },
    members: [],
    waitingRoom: true,
    locked: false,
    joinableFrom: '2026-01-01T09:50:00Z',
    myRole: 'participant',
    waiting: 0,
    ...more,
  };
}

export function score(level: Score['level'], more: Partial<Score> = {}): Score {
  const value = { excellent: 95, good: 70, poor: 35, lost: 5 }[level] ?? 0;
  return { value, level, reason: '', loss: 0, rttMs: 20, jitterMs: 1, bitrate: 1_000_000, ...more };
}
