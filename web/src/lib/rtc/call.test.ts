import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Emitter, Store } from '../store';
import { type Pushes } from '../realtime/events.gen';
import { type SocketStatus } from '../realtime/socket';
import { local as lost, RealtimeError } from '../realtime/wire';
import { Call, type CallSocket } from './call';
import { FakePeer, FakeStream, fakeTrack } from './testing/fakePeer';
import { somebody, someRoom } from './testing/fixtures';
import { LocalMedia } from './local';

const pushes = new Emitter<Pushes>();
const status = new Store<SocketStatus>({ state: 'open', attempt: 0 });
const answers = new Map<string, unknown>();
let asked: [string, Record<string, unknown>][];
let peers: FakePeer[];
let call: Call;

const settle = () => vi.advanceTimersByTimeAsync(0);
const types = () => asked.map(([type]) => type).filter((type) => !type.startsWith('early.'));
const earlyOffers = () => asked.filter(([type]) => type === 'early.offer').length;
const lastOf = (type: string) => [...asked].reverse().find(([t]) => t === type)?.[1];
const me = somebody('me');
const host = somebody('H', { role: 'host' });
const joined = (state = 'joined') => ({ room: someRoom(), self: { ...me, state }, participants: state === 'joined' ? [me, host] : [], iceServers: [], limits: {} });
const refusal = (code: string, status = 409) => new RealtimeError({ status, code, message: code });

beforeEach(async () => {
  vi.useFakeTimers();
  vi.stubGlobal('MediaStream', FakeStream);
  asked = [];
  peers = [];
  answers.clear();
  answers.set('room.join', joined());
  answers.set('rtc.offer', { sdp: 'v=0\r\n' });
  answers.set('early.offer', refusal('node_full', 503));
  status.set({ state: 'open', attempt: 0 });
  const socket = {
    call: async (type: string, data: Record<string, unknown>) => {
      asked.push([type, data]);
      const answer = answers.get(type) ?? {};
      if (answer instanceof Error) throw answer;
      return answer;
    },
    on: (type: keyof Pushes, listener: (data: never) => void) => pushes.on(type, listener as never),
    status,
  } as unknown as CallSocket;
  const media = { getUserMedia: async () => new FakeStream([]), enumerateDevices: async () => [], addEventListener() {}, removeEventListener() {} };
  call = new Call({
    socket,
    room: 'R',
    local: new LocalMedia(media as unknown as MediaDevices, undefined),
    create: (config) => {
      const peer = new FakePeer(config);
      peers.push(peer);
      return peer as unknown as RTCPeerConnection;
    },
  });
  call.start();
  await settle();
});
afterEach(() => {
  call.stop();
  vi.useRealTimers();
});

async function enter() {
  await call.join();
  peers[peers.length - 1]?.become('connected');
}

describe('joining', () => {
  it('asks for the seat and offers media in one breath, in this order', async () => {
    await settle();
    let answer: (value: unknown) => void = () => undefined;
    answers.set('room.join', new Promise((resolve) => (answer = resolve)));
    const entering = call.join();
    expect(types()).toEqual(['room.join']);
    await settle();
    expect(types()).toEqual(['room.join', 'rtc.offer']);
    answer(joined());
    await entering;
    expect(call.state.get().phase).toBe('in');
    expect(lastOf('room.media')).toEqual({ room: 'R', microphone: false, camera: false, screen: false });
  });

  it('waits at the door with its offer refused, and offers again when let in', async () => {
    answers.set('room.join', joined('waiting'));
    answers.set('rtc.offer', refusal('waiting'));
    await call.join();
    expect(call.state.get().phase).toBe('waiting');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(types().filter((t) => t === 'rtc.offer')).toHaveLength(1);
    answers.set('rtc.offer', { sdp: 'v=0\r\n' });
    pushes.emit('room.admitted', joined() as never);
    await settle();
    expect(call.state.get().phase).toBe('in');
    expect(types().filter((t) => t === 'rtc.offer')).toHaveLength(2);
    expect(call.session.started).toBe(true);
  });

  it.each([
    ['room_full', 'failed'],
    ['room_ended', 'ended'],
  ])('refused with %s it is %s, and nothing is left open', async (code, phase) => {
    answers.set('room.join', refusal(code));
    await call.join();
    expect(call.state.get().phase).toBe(phase);
    expect(peers[0]?.closed).toBe(true);
  });

  it('may be tried again after a refusal', async () => {
    answers.set('room.join', refusal('room_full'));
    await call.join();
    expect(call.state.get().reason).toBe('room_full');
    call.backToLobby();
    answers.set('room.join', joined());
    await call.join();
    expect(call.state.get().phase).toBe('in');
    expect(peers).toHaveLength(2);
  });

  it('that is left meanwhile does not come back', async () => {
    let answer: (value: unknown) => void = () => undefined;
    answers.set('room.join', new Promise((resolve) => (answer = resolve)));
    const joining = call.join();
    await call.leave();
    answer(joined());
    await joining;
    expect(call.state.get().phase).toBe('left');
  });
});

describe('in the lobby', () => {
  const camera = () => peers[peers.length - 1]?.transceivers[1]?.sender;
  const track = fakeTrack('video');

  /** A page whose early offer was answered, and which is connected. */
  async function early() {
    call.stop();
    asked = [];
    answers.set('early.offer', { sdp: 'v=0\r\n' });
    answers.set('room.join', { ...joined(), early: true });
    call.start();
    await settle();
    await call.session.setTrack('camera', track);
    peers[peers.length - 1]?.become('connected');
  }

  it('connects ahead and sends nothing; the seat is all a join asks for', async () => {
    await early();
    expect(earlyOffers()).toBe(1);
    expect(call.session.state.get().phase).toBe('ready');
    expect(camera()?.track).toBeNull();
    const made = peers.length;
    await call.join();
    expect(types()).toEqual(['room.join', 'room.media', 'recording.status']);
    expect(call.session.state.get().phase).toBe('connected');
    expect(camera()?.track).toBe(track);
    peers[made - 1]?.find('later');
    expect(types()).toContain('rtc.candidate');
    expect(peers).toHaveLength(made);
  });

  it('keeps what it made through the waiting room, silent until let in', async () => {
    await early();
    answers.set('room.join', { ...joined('waiting'), early: true });
    await call.join();
    expect(call.state.get().phase).toBe('waiting');
    expect(camera()?.track).toBeNull();
    peers[peers.length - 1]?.become('failed'); // it is mended like any other
    await settle();
    expect(types()).toContain('rtc.offer');
    pushes.emit('room.admitted', joined() as never);
    await settle();
    expect(camera()?.track).toBe(track);
  });

  it('begins anew when no seat took it', async () => {
    await early();
    const made = peers.length;
    answers.set('room.join', { ...joined(), early: false });
    await call.join();
    await settle();
    expect(peers[made - 1]?.closed).toBe(true);
    expect(peers).toHaveLength(made + 1);
    expect(types()).toContain('rtc.offer');
    expect(camera()?.track).toBe(track);
  });

  it('does not join on a connection that broke', async () => {
    await early();
    const made = peers.length;
    peers[made - 1]?.become('disconnected');
    await call.join();
    expect(peers[made - 1]?.closed).toBe(true);
    expect(types()[0]).toBe('room.join');
    expect(types()).toContain('rtc.offer');
  });

  it('makes another when the server ended it, or the socket was lost', async () => {
    await early();
    pushes.emit('early.state', { room: 'R', state: 'closed' });
    await settle();
    expect(earlyOffers()).toBe(2);
    pushes.emit('early.state', { room: 'R', state: 'failed' }); // no way there: the join will look for one
    await settle();
    expect(earlyOffers()).toBe(2);
    status.set({ state: 'waiting', attempt: 1 });
    status.set({ state: 'open', attempt: 0 });
    await settle();
    expect(earlyOffers()).toBe(3);
  });

  it('asks again when the room opens, and not before', async () => {
    call.stop();
    asked = [];
    answers.set('early.offer', new RealtimeError({ status: 409, code: 'room_not_open', message: 'Too early.', retryAfter: 90 }));
    call.start();
    await vi.advanceTimersByTimeAsync(89_000);
    expect(earlyOffers()).toBe(1);
    answers.set('early.offer', { sdp: 'v=0\r\n' });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(earlyOffers()).toBe(2);
  });

  it('connects ahead once more after leaving, and says when the page is left', async () => {
    await early();
    await call.join();
    await call.leave();
    call.backToLobby();
    await settle();
    expect(earlyOffers()).toBe(2);
    call.stop();
    expect(asked[asked.length - 1]?.[0]).toBe('early.end');
  });
});

describe('a lost socket', () => {
  it('takes the same seat again and leaves working media alone', async () => {
    await enter();
    status.set({ state: 'waiting', attempt: 1 });
    expect(call.state.get().phase).toBe('in');
    asked = [];
    status.set({ state: 'open', attempt: 0 });
    await vi.advanceTimersByTimeAsync(200);
    expect(types()).toContain('room.join');
    expect(types()).toContain('room.media');
    expect(types()).not.toContain('rtc.offer');
  });

  it('mends media that was lost with it', async () => {
    await enter();
    status.set({ state: 'waiting', attempt: 1 });
    answers.set('rtc.offer', lost.disconnected());
    peers[0]?.become('failed');
    await settle();
    answers.set('rtc.offer', { sdp: 'v=0\r\n' });
    asked = [];
    status.set({ state: 'open', attempt: 0 });
    await settle();
    expect(types()[0]).toBe('room.join');
    expect(types()).toContain('rtc.offer');
    expect(peers).toHaveLength(1);
  });

  it('that comes back to an ended room says so', async () => {
    await enter();
    status.set({ state: 'waiting', attempt: 1 });
    answers.set('room.join', refusal('room_ended', 410));
    status.set({ state: 'open', attempt: 0 });
    await settle();
    expect(call.state.get().phase).toBe('ended');
  });
});

describe('the host', () => {
  it('mutes, and is obeyed at once', async () => {
    await enter();
    const muted = vi.fn();
    call.on('muted', muted);
    pushes.emit('room.muted', { room: 'R', source: 'microphone', by: 'H' });
    expect(muted).toHaveBeenCalledWith({ source: 'microphone' });
  });

  it.each(['room.kicked', 'room.ended', 'room.replaced'] as const)('%s stops every device and connection', async (type) => {
    await enter();
    pushes.emit(type, { room: 'R', reason: '' } as never);
    expect(peers[0]?.closed).toBe(true);
    expect(call.local.state.get().camera.on).toBe(false);
    asked = [];
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toEqual([]);
  });
});

describe('leaving', () => {
  it('says goodbye once', async () => {
    await enter();
    await call.leave();
    await call.leave();
    call.stop();
    expect(types().filter((t) => t === 'room.leave')).toHaveLength(1);
  });

  it('by closing the page says goodbye too', async () => {
    await enter();
    call.stop();
    expect(types()).toContain('room.leave');
    expect(peers[0]?.closed).toBe(true);
  });

  it('ends all that was listened to', async () => {
    await enter();
    call.stop();
    pushes.emit('room.kicked', { room: 'R' });
    expect(call.state.get().phase).toBe('lobby');
  });
});

it('sound only turns the camera off and asks for no pictures', async () => {
  await enter();
  call.views.add({ participant: 'H', source: 'camera', width: 640, height: 360, visible: true, priority: 1 });
  await call.setAudioOnly(true);
  await vi.advanceTimersByTimeAsync(200);
  expect(lastOf('rtc.view')).toMatchObject({ views: [{ participant: 'H', visible: false }] });
});
