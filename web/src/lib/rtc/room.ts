import { type Pushes } from '../realtime/events.gen';
import { type Joined, type Participant, type QualityReport, type Speaker, type VideoRoom } from '../realtime/types';

/** Where this person stands with the room. */
export type RoomPhase =
  | 'lobby' // not asked to join yet
  | 'joining'
  | 'waiting' // asked, and a host must let us in
  | 'in'
  | 'left' // by own choice
  | 'ended' // by the host or the clock
  | 'kicked'
  | 'denied'
  | 'replaced' // the same person joined from another tab
  | 'failed'; // the server said no; see `error`

export interface RoomState {
  phase: RoomPhase;
  room?: VideoRoom;
  self?: Participant;
  /** Everybody else, by id: joined, reconnecting and, for hosts, waiting. */
  others: ReadonlyMap<string, Participant>;
  speakers: readonly Speaker[];
  quality: ReadonlyMap<string, QualityReport>;
  /** Code of the refusal when `failed`, or why the room `ended`. */
  reason: string;
}

export const lobby: RoomState = {
  phase: 'lobby',
  others: new Map(),
  speakers: [],
  quality: new Map(),
  reason: '',
};

export type RoomAction =
  | { type: 'lobby' }
  | { type: 'join' }
  | { type: 'joined'; joined: Omit<Joined, 'iceServers' | 'early'> }
  | { type: 'refused'; code: string }
  | { type: 'left' }
  | { type: 'push'; push: { [K in keyof Pushes]: { type: K; data: Pushes[K] } }[keyof Pushes] };

/** Phases from which nothing comes back but a new join. */
export function isOver(phase: RoomPhase): boolean {
  return phase === 'left' || phase === 'ended' || phase === 'kicked' || phase === 'denied' || phase === 'replaced' || phase === 'failed';
}

function seated(state: RoomState, joined: Pick<Joined, 'room' | 'self' | 'participants'>): RoomState {
  const others = new Map(joined.participants.filter((p) => p.id !== joined.self.id && p.state !== 'left').map((p) => [p.id, p]));
  return {
    ...state,
    phase: joined.self.state === 'waiting' ? 'waiting' : 'in',
    room: joined.room,
    self: joined.self,
    others,
    reason: '',
  };
}

function over(state: RoomState, phase: RoomPhase, reason = ''): RoomState {
  return { ...state, phase, reason, others: new Map(), speakers: [], quality: new Map() };
}

/** The room as this person may know it, from what the server says; nothing else changes it. */
export function reduce(state: RoomState, action: RoomAction): RoomState {
  switch (action.type) {
    case 'lobby':
      return { ...lobby, room: state.room };
    case 'join':
      return state.phase === 'in' || state.phase === 'waiting' ? state : { ...lobby, room: state.room, phase: 'joining' };
    case 'joined':
      return seated(state, action.joined);
    case 'refused':
      return over(state, 'failed', action.code);
    case 'left':
      return over(state, 'left');
    case 'push':
      return isOver(state.phase) || state.phase === 'lobby' ? state : pushed(state, action.push);
  }
}

function pushed(state: RoomState, push: Extract<RoomAction, { type: 'push' }>['push']): RoomState {
  switch (push.type) {
    case 'room.changed':
      // What differs per person is not in it and stays.
      return state.room?.id === push.data.room.id ? { ...state, room: { ...state.room, ...push.data.room } } : state;
    case 'room.participant':
      return upsert(state, push.data.participant);
    case 'room.left': {
      if (push.data.participant === state.self?.id) return state; // told directly, with the reason that matters
      const others = new Map(state.others);
      if (!others.delete(push.data.participant)) return state;
      const quality = new Map(state.quality);
      quality.delete(push.data.participant);
      return { ...state, others, quality, speakers: state.speakers.filter((s) => s.participant !== push.data.participant) };
    }
    case 'room.admitted':
      return seated(state, push.data);
    case 'room.speakers':
      return { ...state, speakers: push.data.speakers };
    case 'room.quality':
      return { ...state, quality: new Map(state.quality).set(push.data.participant, push.data) };
    case 'room.ended':
      return over(state, 'ended', push.data.reason);
    case 'room.denied':
      return over(state, 'denied', push.data.reason);
    case 'room.kicked':
      return over(state, 'kicked');
    case 'room.replaced':
      return over(state, 'replaced');
    default:
      return state;
  }
}

function upsert(state: RoomState, participant: Participant): RoomState {
  if (participant.id === state.self?.id) return { ...state, self: participant };
  const others = new Map(state.others);
  if (participant.state === 'left') others.delete(participant.id);
  else others.set(participant.id, participant);
  return { ...state, others };
}

/** People in the room, in the order they came: a stable order keeps faces where they were. */
export function present(state: RoomState): Participant[] {
  return byArrival([...state.others.values()].filter((p) => p.state === 'joined' || p.state === 'reconnecting'));
}

/** People at the door, the longest waiting first. */
export function queue(state: RoomState): Participant[] {
  return byArrival([...state.others.values()].filter((p) => p.state === 'waiting'));
}

function byArrival(people: Participant[]): Participant[] {
  return people.sort((a, b) => (a.joinedAt === b.joinedAt ? (a.id < b.id ? -1 : 1) : a.joinedAt < b.joinedAt ? -1 : 1));
}
