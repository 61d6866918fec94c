import { type Participant } from '../realtime/types';
import { type RoomState } from './room';

/** Something that happened in the room and is worth a word, seen or heard. */
export type Notice =
  | { kind: 'knock' | 'arrived' | 'departed' | 'dropped' | 'returned' | 'hand' | 'shares' | 'stopped-sharing'; name: string; id: string }
  | { kind: 'in' | 'waiting'; name: ''; id: '' };

/** What changed between two states, in words a person would use. Joining a full room is one event, not twelve. */
export function noticesOf(before: RoomState, after: RoomState): Notice[] {
  if (before.phase !== after.phase) {
    return after.phase === 'in' || after.phase === 'waiting' ? [{ kind: after.phase, name: '', id: '' }] : [];
  }
  if (after.phase !== 'in' || before.others === after.others) return [];
  const notices: Notice[] = [];
  for (const [id, now] of after.others) notices.push(...changes(before.others.get(id), now));
  for (const [id, gone] of before.others) {
    if (!after.others.has(id) && gone.state !== 'waiting') notices.push({ kind: 'departed', name: gone.name, id });
  }
  return notices;
}

function changes(before: Participant | undefined, now: Participant): Notice[] {
  const say = (kind: Exclude<Notice['kind'], 'in' | 'waiting'>): Notice => ({ kind, name: now.name, id: now.id });
  const was = before?.state;
  const notices: Notice[] = [];
  if (now.state === 'waiting' && was !== 'waiting') notices.push(say('knock'));
  if (now.state === 'joined' && (was === undefined || was === 'waiting' || was === 'left')) notices.push(say('arrived'));
  if (now.state === 'reconnecting' && was === 'joined') notices.push(say('dropped'));
  if (now.state === 'joined' && was === 'reconnecting') notices.push(say('returned'));
  if (now.handRaised && before !== undefined && !before.handRaised) notices.push(say('hand'));
  if (before !== undefined && now.screen !== before.screen) notices.push(say(now.screen ? 'shares' : 'stopped-sharing'));
  return notices;
}
