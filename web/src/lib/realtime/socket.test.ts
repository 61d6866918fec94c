import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeWebSocket } from './testing/fakeSocket';
import { RealtimeSocket } from './socket';

const welcome = (topics = {}) => ({ connection: 'c1', heartbeat: 10_000, user: { id: 'u', name: 'U', kind: 'user' }, topics });
const settle = () => vi.advanceTimersByTimeAsync(0);
let socket: RealtimeSocket;
let wake: () => void;

function latest(): FakeWebSocket {
  const ws = FakeWebSocket.made[FakeWebSocket.made.length - 1];
  if (!ws) throw new Error('nothing was dialled');
  return ws;
}

async function greet(topics = {}): Promise<FakeWebSocket> {
  const ws = latest();
  ws.accept();
  ws.reply('hello', welcome(topics));
  await settle();
  return ws;
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeWebSocket.made.length = 0;
  socket = new RealtimeSocket({
    url: 'ws://x/api/v1/socket',
    connect: (url, protocol) => new FakeWebSocket(url, protocol) as unknown as WebSocket,
    random: () => 1,
    wakeups: (w) => {
      wake = w;
      return () => undefined;
    },
  });
  socket.open();
});
afterEach(() => {
  socket.close();
  vi.useRealTimers();
});

describe('hello', () => {
  it('speaks mentara.v1 and is open only after the reply', async () => {
    const ws = latest();
    expect(ws.protocol).toBe('mentara.v1');
    ws.accept();
    expect(ws.sent).toEqual([{ id: 1, type: 'hello', data: { resume: {} } }]);
    expect(socket.status.get().state).toBe('connecting');
    ws.reply('hello', welcome());
    await settle();
    expect(socket.status.get()).toMatchObject({ state: 'open', attempt: 0, user: { id: 'u' } });
  });

  it('is given up when nobody answers, and tried again', async () => {
    latest().accept();
    await vi.advanceTimersByTimeAsync(8_000);
    expect(socket.status.get().state).toBe('waiting');
    await vi.advanceTimersByTimeAsync(500);
    expect(FakeWebSocket.made).toHaveLength(2);
  });

  it('does not wait for ever for a dial that hangs', async () => {
    await vi.advanceTimersByTimeAsync(8_500);
    expect(FakeWebSocket.made).toHaveLength(2);
  });
});

describe('requests', () => {
  it('get their own reply, in whatever order replies come', async () => {
    const ws = await greet();
    const join = socket.call('room.join', { room: 'R' });
    const hand = socket.call('room.hand', { room: 'R', raised: true });
    ws.reply('room.hand', { self: { id: 'h' } });
    ws.reply('room.join', { self: { id: 'j' } });
    expect(await hand).toEqual({ self: { id: 'h' } });
    expect(await join).toEqual({ self: { id: 'j' } });
  });

  it('fail as the server says', async () => {
    const ws = await greet();
    const call = socket.call('room.join', { room: 'R' });
    ws.say({ re: ws.last('room.join').id, error: { status: 409, code: 'room_full', message: 'Full.', retryAfter: 3 } });
    await expect(call).rejects.toMatchObject({ status: 409, code: 'room_full', retryAfter: 3, lost: false });
  });

  it('time out, and a late reply hurts nobody', async () => {
    const ws = await greet();
    const call = socket.call('room.join', { room: 'R' }, { timeout: 2_000 });
    const failed = expect(call).rejects.toMatchObject({ code: 'timeout', lost: true });
    await vi.advanceTimersByTimeAsync(2_000);
    await failed;
    ws.reply('room.join', {});
    await settle();
    expect(socket.status.get().state).toBe('open');
  });

  it('are told at once when the socket is lost', async () => {
    const ws = await greet();
    const call = socket.call('room.join', { room: 'R' });
    ws.lose();
    await expect(call).rejects.toMatchObject({ code: 'disconnected' });
  });

  it('wait for a socket that is on its way, and keep their order', async () => {
    const first = socket.call('room.join', { room: 'R' });
    const second = socket.call('room.hand', { room: 'R', raised: true });
    const ws = await greet();
    expect(ws.sent.map((f) => f.type)).toEqual(['hello', 'room.join', 'room.hand']);
    ws.reply('room.join');
    ws.reply('room.hand');
    await Promise.all([first, second]);
  });

  it('that would be stale do not wait', async () => {
    await expect(socket.call('rtc.view', { room: 'R', views: [] }, { wait: false })).rejects.toMatchObject({ code: 'disconnected' });
  });

  it('end with their signal', async () => {
    await greet();
    const controller = new AbortController();
    const call = socket.call('room.join', { room: 'R' }, { signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('frames', () => {
  it('reach those who listen until they stop', async () => {
    const ws = await greet();
    const heard: unknown[] = [];
    const off = socket.on('room.kicked', (data) => heard.push(data));
    ws.say({ type: 'room.kicked', data: { room: 'R' } });
    off();
    ws.say({ type: 'room.kicked', data: { room: 'S' } });
    expect(heard).toEqual([{ room: 'R' }]);
  });

  it('that are no frames are ignored', async () => {
    const ws = await greet();
    for (const text of ['', '{', '[]', 'null', '7', '{"re":"x"}', '{"type":3}']) ws.raw(text);
    expect(socket.status.get().state).toBe('open');
  });
});

describe('topics', () => {
  const frame = (offset: number) => ({ type: 'room.kicked', topic: 'user:u', offset, data: { room: String(offset) } });

  async function follow(onLost = vi.fn()) {
    const ws = await greet();
    const heard: string[] = [];
    socket.on('room.kicked', ({ room }) => heard.push(room));
    const end = socket.subscribe('user:u', onLost);
    ws.reply('topic.subscribe', { offset: 4, epoch: 'e', recovered: true });
    await settle();
    return { ws, heard, end, onLost };
  }

  it('deliver each frame once', async () => {
    const { ws, heard } = await follow();
    for (const offset of [5, 5, 6, 4]) ws.say(frame(offset));
    expect(heard).toEqual(['5', '6']);
  });

  it('ask for what is missing before believing what is newer', async () => {
    const { ws, heard } = await follow();
    ws.say(frame(7));
    expect(heard).toEqual([]);
    expect(ws.last('topic.subscribe').data).toEqual({ topic: 'user:u', offset: 4, epoch: 'e' });
    for (const offset of [5, 6, 7]) ws.say(frame(offset));
    expect(heard).toEqual(['5', '6', '7']);
  });

  it('resume where they stood after a drop', async () => {
    const { ws, heard, onLost } = await follow();
    ws.say(frame(5));
    ws.lose();
    await vi.advanceTimersByTimeAsync(500);
    const next = latest();
    next.accept();
    expect(next.last('hello').data).toEqual({ resume: { 'user:u': { offset: 5, epoch: 'e' } } });
    next.say(frame(6));
    next.reply('hello', welcome({ 'user:u': { offset: 6, epoch: 'e', recovered: true } }));
    await settle();
    next.say(frame(7));
    expect(heard).toEqual(['5', '6', '7']);
    expect(onLost).not.toHaveBeenCalled();
  });

  it('tell their owner when the past is gone', async () => {
    const { ws, heard, onLost } = await follow();
    ws.lose();
    await vi.advanceTimersByTimeAsync(500);
    const next = await greet({ 'user:u': { offset: 90, epoch: 'new', recovered: false } });
    expect(onLost).toHaveBeenCalledTimes(1);
    next.say(frame(91));
    expect(heard).toEqual(['91']);
  });

  it('end with their last owner', async () => {
    const { ws, end } = await follow();
    const second = socket.subscribe('user:u');
    end();
    end();
    expect(ws.sent.some((f) => f.type === 'topic.unsubscribe')).toBe(false);
    second();
    expect(ws.last('topic.unsubscribe').data).toEqual({ topic: 'user:u' });
  });
});

describe('close codes', () => {
  it.each([
    [4401, 'signed-out'],
    [4403, 'forbidden'],
    [4409, 'replaced'],
    [4400, 'outdated'],
    [1008, 'outdated'],
  ])('%i ends for good: %s', async (code, ended) => {
    const ws = await greet();
    ws.lose(code);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(socket.status.get()).toMatchObject({ state: 'ended', ended });
    expect(FakeWebSocket.made).toHaveLength(1);
  });

  it.each([
    [1006, 500],
    [1012, 750],
    [1013, 2_500],
    [4408, 500],
    [4429, 10_500],
  ])('%i comes back after at most %i ms', async (code, wait) => {
    const ws = await greet();
    ws.lose(code);
    await vi.advanceTimersByTimeAsync(wait - 1);
    expect(FakeWebSocket.made).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(FakeWebSocket.made).toHaveLength(2);
  });

  it('waits longer each time, and forgets that after a success', async () => {
    const gaps: number[] = [];
    for (let i = 0; i < 7; i++) {
      const before = Date.now();
      latest().lose();
      const count = FakeWebSocket.made.length;
      while (FakeWebSocket.made.length === count) await vi.advanceTimersByTimeAsync(100);
      gaps.push(Date.now() - before);
    }
    expect(gaps).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
    const ws = await greet();
    ws.lose();
    expect(socket.status.get().attempt).toBe(1);
  });
});

describe('a socket that only looks open', () => {
  it('is noticed by a ping nobody answers', async () => {
    const ws = await greet();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(ws.last('ping')).toBeDefined();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(socket.status.get().state).toBe('waiting');
    expect(ws.closedWith).toBe(1000);
  });

  it('is not pinged while frames arrive', async () => {
    const ws = await greet();
    for (let i = 0; i < 5; i++) {
      await vi.advanceTimersByTimeAsync(6_000);
      ws.say({ type: 'room.speakers', topic: 'room:R', data: { speakers: [] } });
    }
    expect(ws.sent.filter((f) => f.type === 'ping')).toHaveLength(0);
  });

  it('is tested when the tab comes back, and dialled at once when it was waiting', async () => {
    const ws = await greet();
    wake();
    expect(ws.last('ping')).toBeDefined();
    ws.lose();
    wake();
    expect(FakeWebSocket.made).toHaveLength(2);
  });

  it('says nothing more once closed by us', async () => {
    const ws = await greet();
    socket.close();
    ws.lose(1000);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(socket.status.get().state).toBe('idle');
    expect(FakeWebSocket.made).toHaveLength(1);
  });
});
