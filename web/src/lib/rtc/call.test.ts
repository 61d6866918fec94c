import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Emitter, Store } from '../store';
import { type Pushes } from '../realtime/events.gen';
import { type SocketStatus } from '../realtime/socket';
import { local as lost, RealtimeError } from '../realtime/wire';
import { Call, type CallSocket } from './call';
import { FakePeer, FakeStream } from './testing/fakePeer';
import { somebody, someRoom } from './testing/fixtures';
import { LocalMedia } from './local';

const pushes = new Emitter<Pushes>();
const status = new Store<SocketStatus>({ state: 'open', attempt: 0 });
const answers = new Map<string, unknown>();
let asked: [string, Record<string, unknown>][];
let peers: FakePeer[];
let call: Call;

const settle = () => vi.advanceTimersByTimeAsync(0);
const types = () => asked.map(([type]) => type);
const lastOf = (type: string) => [...asked].reverse().find(([t]) => t === type)?.[1];
const me = somebody('me');
const host = somebody('H', { role: 'host' });
const joined = (state = 'joined') => ({ room: someRoom(), self: { ...me, state }, participants: state === 'joined' ? [me, host] : [], iceServers: [], limits: {} });
const refusal = (code: string, status = 409) => new RealtimeError({ status, code, message: code });

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('MediaStream', FakeStream);
  asked = [];
  peers = [];
  answers.clear();
  answers.set('room.join', joined());
  answers.set('rtc.offer', { sdp: 'v=0\r\n' });
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
