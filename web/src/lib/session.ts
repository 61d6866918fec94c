import { type VideoRoom } from './api/types';

/** Where a session stands for the person looking at a clock. */
export type Phase = 'live' | 'open' | 'ahead' | 'late' | 'ended' | 'missed';

/**
 * The phase of a session now. The server's state decides on live and ended;
 * the clock tells a session still ahead from one that is late or never was.
 */
export function phaseOf(room: VideoRoom, now: Date): Phase {
  if (room.state === 'ended') return room.startedAt ? 'ended' : 'missed';
  if (room.state === 'live') return 'live';
  if (now >= new Date(room.endsAt)) return room.startedAt ? 'ended' : 'missed';
  if (room.state === 'open') return 'open';
  return now >= new Date(room.startsAt) ? 'late' : 'ahead';
}

export function isOver(phase: Phase): boolean {
  return phase === 'ended' || phase === 'missed';
}

/** Whether the door would open: hosts may come at any time, others from joinableFrom. */
export function canJoin(room: VideoRoom, now: Date): boolean {
  if (isOver(phaseOf(room, now)) || room.myRole === 'observer') return false;
  return room.myRole === 'host' || now >= new Date(room.joinableFrom);
}

/** Everybody the session is for, except the one looking. */
export function othersIn(room: VideoRoom, me: { id: string }): { id: string; name: string }[] {
  const all = new Map<string, string>();
  all.set(room.host.id, room.host.name);
  for (const member of room.members) all.set(member.id, member.name);
  all.delete(me.id);
  return [...all].map(([id, name]) => ({ id, name }));
}

export interface Day {
  /** The session to show large: one's own that runs, or the nearest ahead. */
  next: VideoRoom | null;
  /** The others of today that are not over. */
  rest: VideoRoom[];
  /** Today's that are over. */
  before: VideoRoom[];
  /** Those of the coming days, `next` excluded. */
  upcoming: VideoRoom[];
  /** How many of today's took or take place. */
  count: number;
}

/** Sorts sessions, given by start, into the day they make. `dayOf` names a moment's day. */
export function arrange(rooms: readonly VideoRoom[], now: Date, dayOf: (at: Date) => string): Day {
  const today = dayOf(now);
  const day: Day = { next: null, rest: [], before: [], upcoming: [], count: 0 };
  const open: VideoRoom[] = [];
  for (const room of rooms) {
    const isToday = dayOf(new Date(room.startsAt)) === today || room.state === 'live';
    const phase = phaseOf(room, now);
    if (isToday && phase !== 'missed') day.count += 1;
    if (!isOver(phase)) open.push(room);
    else if (isToday) day.before.push(room);
  }
  const own = open.filter((r) => r.myRole !== 'observer');
  day.next = own.find((r) => r.state === 'live') ?? own[0] ?? null;
  for (const room of open) {
    if (room === day.next) continue;
    const list = dayOf(new Date(room.startsAt)) <= today ? day.rest : day.upcoming;
    list.push(room);
  }
  return day;
}

/** The first of `rooms` not over that shares time with a span, if any. */
export function clashWith(rooms: readonly VideoRoom[], from: Date, to: Date): VideoRoom | undefined {
  return rooms.find((r) => r.state !== 'ended' && new Date(r.startsAt) < to && new Date(r.endsAt) > from);
}
