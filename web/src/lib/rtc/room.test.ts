import { describe, expect, it } from 'vitest';
import { score, somebody, someRoom } from './testing/fixtures';
import { noticesOf } from './notices';
import { isOver, lobby, present, queue, reduce, type RoomAction, type RoomState } from './room';

type Push = Extract<RoomAction, { type: 'push' }>['push'];
const push = (state: RoomState, type: Push['type'], data: unknown) => reduce(state, { type: 'push', push: { type, data } as Push });
const me = somebody('me');
const host = somebody('H', { role: 'host' });
const inside = reduce(reduce(lobby, { type: 'join' }), { type: 'joined', joined: { room: someRoom(), self: me, participants: [me, host], limits: { participants: 9, seatGraceMs: 1, publish: true, subscribe: true } } });
const atDoor = reduce(reduce(lobby, { type: 'join' }), { type: 'joined', joined: { room: someRoom(), self: { ...me, state: 'waiting' }, participants: [], limits: { participants: 9, seatGraceMs: 1, publish: true, subscribe: true } } });

describe('a visit', () => {
  it('begins in the lobby, waits at the door or goes in', () => {
    expect(reduce(lobby, { type: 'join' }).phase).toBe('joining');
    expect(atDoor.phase).toBe('waiting');
    expect(inside.phase).toBe('in');
    expect([...inside.others.keys()]).toEqual(['H']);
  });

  it('goes in when a host says so, with everybody who is there', () => {
    const after = push(atDoor, 'room.admitted', { room: someRoom(), self: me, participants: [me, host] });
    expect(after.phase).toBe('in');
    expect(after.others.has('H')).toBe(true);
  });

  it.each([
    ['room.ended', 'ended'],
    ['room.denied', 'denied'],
    ['room.kicked', 'kicked'],
    ['room.replaced', 'replaced'],
  ] as const)('%s ends it and forgets the others', (type, phase) => {
    const after = push(inside, type, { room: 'R', reason: 'expired' });
    expect(after.phase).toBe(phase);
    expect(after.others.size).toBe(0);
    expect(isOver(after.phase)).toBe(true);
  });

  it('hears nothing once it is over', () => {
    const gone = reduce(inside, { type: 'left' });
    expect(push(gone, 'room.participant', { participant: host })).toBe(gone);
    expect(push(gone, 'room.ended', { room: 'R', reason: '' }).phase).toBe('left');
  });

  it('can begin again, remembering only the room', () => {
    const again = reduce(reduce(inside, { type: 'left' }), { type: 'lobby' });
    expect(again).toMatchObject({ phase: 'lobby', room: { id: 'R' }, reason: '' });
  });

  it('keeps its seat when it joins twice', () => {
    expect(reduce(inside, { type: 'join' })).toBe(inside);
  });
});

describe('people', () => {
  it('are added, changed and taken away by id', () => {
    let state = push(inside, 'room.participant', { participant: somebody('C') });
    state = push(state, 'room.participant', { participant: somebody('C', { handRaised: true }) });
    expect(state.others.get('C')?.handRaised).toBe(true);
    state = push(state, 'room.speakers', { speakers: [{ participant: 'C', level: 50 }, { participant: 'H', level: 20 }] });
    state = push(state, 'room.quality', { participant: 'C', up: score('good'), down: score('good') });
    state = push(state, 'room.left', { participant: 'C', reason: 'left' });
    expect(state.others.has('C')).toBe(false);
    expect(state.speakers).toEqual([{ participant: 'H', level: 20 }]);
    expect(state.quality.has('C')).toBe(false);
  });

  it('include oneself apart from the others', () => {
    const state = push(inside, 'room.participant', { participant: { ...me, handRaised: true } });
    expect(state.self?.handRaised).toBe(true);
    expect(state.others.has('me')).toBe(false);
    expect(push(inside, 'room.left', { participant: 'me', reason: 'kicked' })).toBe(inside);
  });

  it('stand in the order they came, those at the door apart', () => {
    let state = inside;
    for (const [id, at, where] of [['B', '3', 'joined'], ['A', '3', 'reconnecting'], ['W', '2', 'waiting'], ['V', '1', 'waiting']] as const) {
      state = push(state, 'room.participant', { participant: somebody(id, { joinedAt: `2026-01-01T11:00:0${at}Z`, state: where }) });
    }
    expect(present(state).map((p) => p.id)).toEqual(['H', 'A', 'B']);
    expect(queue(state).map((p) => p.id)).toEqual(['V', 'W']);
  });

  it('do not lose what is ours when the room changes', () => {
    const asHost = { ...inside, room: someRoom({ myRole: 'host', waiting: 2 }) };
    const { myRole: _, waiting: __, ...plain } = someRoom({ locked: true });
    expect(push(asHost, 'room.changed', { room: plain }).room).toMatchObject({ locked: true, myRole: 'host', waiting: 2 });
    expect(push(asHost, 'room.changed', { room: { ...plain, id: 'other' } })).toBe(asHost);
  });
});

describe('notices', () => {
  const step = (from: RoomState, participant = somebody('C')) => noticesOf(from, push(from, 'room.participant', { participant })).map((n) => n.kind);
  const withC = push(inside, 'room.participant', { participant: somebody('C') });

  it('are one for coming in, not one for everybody who is there', () => {
    expect(noticesOf(reduce(lobby, { type: 'join' }), inside).map((n) => n.kind)).toEqual(['in']);
  });

  it.each([
    ['somebody knocks', inside, { state: 'waiting' }, ['knock']],
    ['somebody comes in', inside, {}, ['arrived']],
    ['somebody drops', withC, { state: 'reconnecting' }, ['dropped']],
    ['a hand goes up', withC, { handRaised: true }, ['hand']],
    ['a screen is shared', withC, { screen: true }, ['shares']],
    ['a camera goes off', withC, { camera: false }, []],
  ] as const)('%s', (_, from, more, kinds) => {
    expect(step(from, somebody('C', more))).toEqual(kinds);
  });

  it('tell who left, but not who went from the door', () => {
    const gone = (state: RoomState) => noticesOf(state, push(state, 'room.left', { participant: 'C', reason: 'left' })).map((n) => n.kind);
    expect(gone(withC)).toEqual(['departed']);
    expect(gone(push(inside, 'room.participant', { participant: somebody('C', { state: 'waiting' }) }))).toEqual([]);
  });
});
