import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { local, RealtimeError } from '../realtime/wire';
import { FakePeer, FakeStream, fakeTrack, type FakeTransceiver } from './testing/fakePeer';
import { RtcSession } from './session';

const peers: FakePeer[] = [];
const offer = vi.fn(async (_sdp: string) => 'v=0\r\n');
const candidate = vi.fn();
const rejoin = vi.fn(async () => undefined);
const refusal = (code: string, status = 409) => new RealtimeError({ status, code, message: code });
let session: RtcSession;

const settle = () => vi.advanceTimersByTimeAsync(0);
const peer = (i = peers.length - 1): FakePeer => {
  const found = peers[i];
  if (!found) throw new Error('no connection was made');
  return found;
};
const sending = (source: number): FakeTransceiver => peer().transceivers[source] as FakeTransceiver;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('MediaStream', FakeStream);
  peers.length = 0;
  offer.mockReset().mockResolvedValue('v=0\r\n');
  candidate.mockReset();
  rejoin.mockReset().mockResolvedValue(undefined);
  session = new RtcSession({
    signaling: { offer, candidate },
    rejoin,
    random: () => 1,
    create: (config) => {
      const made = new FakePeer(config);
      peers.push(made);
      return made as unknown as RTCPeerConnection;
    },
  });
});
afterEach(() => {
  session.close();
  vi.useRealTimers();
});

async function connect() {
  await session.prepare();
  await session.start();
  peer().become('connected');
}

describe('joining', () => {
  it('has all but the question ready before it is asked', async () => {
    await session.prepare();
    expect(peer().localDescription).not.toBeNull();
    expect(offer).not.toHaveBeenCalled();
    const prepared = peer().localDescription?.sdp;
    await session.start();
    expect(offer).toHaveBeenCalledTimes(1);
    expect(offer.mock.calls[0]?.[0]).toBe(prepared);
  });

  it('names its four sections, and leaves six and six for others', async () => {
    await connect();
    expect(peer().transceivers.map((t) => t.direction)).toEqual([...Array(4).fill('sendonly'), ...Array(12).fill('recvonly')]);
    expect(offer.mock.calls[0]?.slice(1)).toEqual([
      [
        { mid: '0', source: 'microphone' },
        { mid: '1', source: 'camera' },
        { mid: '2', source: 'screen' },
        { mid: '3', source: 'screen-audio' },
      ],
    ]);
    expect(sending(1).sender.encodings.map((e) => e.rid)).toEqual(['q', 'h', 'f']);
  });

  it('tells candidates only once they can be used', async () => {
    await session.prepare();
    peer().find('early');
    let answer: (sdp: string) => void = () => undefined;
    offer.mockImplementationOnce(() => new Promise((resolve) => (answer = resolve)));
    const started = session.start();
    await settle();
    peer().find('meanwhile');
    expect(candidate).not.toHaveBeenCalled();
    answer('v=0\r\n');
    await started;
    peer().find('later');
    expect(candidate.mock.calls.map(([text]) => text)).toEqual(['meanwhile', 'later']);
  });

  it('may be refused, and start again with the same connection', async () => {
    await session.prepare();
    offer.mockRejectedValueOnce(refusal('waiting'));
    await expect(session.start()).rejects.toMatchObject({ code: 'waiting' });
    expect(session.started).toBe(false);
    await session.start();
    expect(peers).toHaveLength(1);
    expect(session.started).toBe(true);
  });
});

describe('tracks', () => {
  it('come and go without an offer', async () => {
    await connect();
    const camera = fakeTrack('video');
    await session.setTrack('camera', camera);
    expect(sending(1).sender.track).toBe(camera);
    expect(camera.contentHint).toBe('motion');
    await session.setTrack('screen', fakeTrack('video'));
    await session.setTrack('camera', null);
    expect(sending(1).sender.track).toBeNull();
    expect(offer).toHaveBeenCalledTimes(1);
  });

  it('are encoded only as far as somebody watches', async () => {
    await connect();
    session.demand([{ mid: '1', source: 'camera', rids: ['q', 'h'], maxBitrate: 0 }]);
    await settle();
    expect(sending(1).sender.encodings.map((e) => e.active)).toEqual([true, true, false]);
    session.demand([{ mid: '1', source: 'camera', rids: ['q', 'h'], maxBitrate: 300_000 }]);
    await settle();
    expect(sending(1).sender.encodings.map((e) => e.maxBitrate)).toEqual([150_000, 300_000, 300_000]);
    const { sets } = sending(1).sender;
    session.demand([{ mid: '1', source: 'camera', rids: ['q', 'h'], maxBitrate: 300_000 }]);
    await settle();
    expect(sending(1).sender.sets).toBe(sets);
    session.demand([{ mid: '2', source: 'screen', rids: [], maxBitrate: 0 }, { mid: '0', source: 'microphone', rids: [], maxBitrate: 0 }]);
    await settle();
    expect(sending(2).sender.encodings[0]?.active).toBe(false);
    expect(sending(0).sender.encodings[0]?.active).toBe(true);
  });
});

describe('slots', () => {
  const slot = (mid: string, participant: string, source: 'camera' | 'microphone' = 'camera') => ({ mid, participant, source, active: true, layer: 'q', width: 160, height: 90, reason: '' });

  it('map sections to people and keep the stream of a section', async () => {
    await connect();
    session.slots([slot('10', 'A'), slot('4', 'A', 'microphone'), slot('11', '')]);
    const first = session.remote.get().get('A/camera');
    expect(session.remote.get().size).toBe(2);
    session.slots([slot('10', 'B')]);
    expect(session.remote.get().get('B/camera')?.stream).toBe(first?.stream);
    expect(session.remote.get().has('A/camera')).toBe(false);
  });

  it('ignore a section of the wrong kind or of nobody', async () => {
    await connect();
    session.slots([slot('4', 'A'), slot('99', 'B')]);
    expect(session.remote.get().size).toBe(0);
  });

  it('that run out are offered more of, once', async () => {
    await connect();
    session.slots([slot('', 'A'), slot('', 'B'), slot('', 'A', 'microphone')]);
    session.slots([slot('', 'A'), slot('', 'B'), slot('', 'A', 'microphone')]);
    await settle();
    expect(peer().transceivers).toHaveLength(19);
    expect(offer).toHaveBeenCalledTimes(2);
  });

  it('are never offered beyond the limit', async () => {
    await connect();
    session.slots(Array.from({ length: 40 }, (_, i) => slot('', `P${i}`)));
    await settle();
    expect(peer().transceivers).toHaveLength(4 + 24);
  });

  it('named before the first answer ask for nothing', async () => {
    await session.prepare();
    session.slots([slot('', 'A')]);
    await settle();
    expect(offer).not.toHaveBeenCalled();
  });
});

describe('accidents', () => {
  it('a hiccup under a second is left alone', async () => {
    await connect();
    peer().become('disconnected');
    await vi.advanceTimersByTimeAsync(900);
    peer().become('connected');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(offer).toHaveBeenCalledTimes(1);
    expect(session.state.get()).toEqual({ phase: 'connected', attempt: 0 });
  });

  it('after a second ICE is restarted on the same connection', async () => {
    await connect();
    peer().become('disconnected');
    expect(session.state.get().phase).toBe('interrupted');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(peer().restarts).toBe(1);
    peer().become('connected');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(offer).toHaveBeenCalledTimes(2);
    expect(peers).toHaveLength(1);
  });

  it('a failure does not wait', async () => {
    await connect();
    peer().become('failed');
    await settle();
    expect(peer().restarts).toBe(1);
  });

  it('two restarts that do not help are followed by a new connection on the same seat', async () => {
    await connect();
    const camera = fakeTrack('video');
    await session.setTrack('camera', camera);
    session.slots([{ mid: '10', participant: 'A', source: 'camera', active: true, layer: 'q', width: 1, height: 1, reason: '' }]);
    peer().become('failed');
    await vi.advanceTimersByTimeAsync(3_000 + 3_000 + 100);
    expect(peer(0).restarts).toBe(2);
    expect(rejoin).toHaveBeenCalledTimes(1);
    expect(peers).toHaveLength(2);
    expect(peer(0).closed).toBe(true);
    expect((peer().transceivers[1] as FakeTransceiver).sender.track).toBe(camera);
    // The last frame stays on the stage until the server maps the new sections.
    expect(session.remote.get().has('A/camera')).toBe(true);
    peer().become('connected');
    expect(session.state.get()).toEqual({ phase: 'connected', attempt: 0 });
  });

  it('a refusal is not asked again: the server forgot us, so begin anew', async () => {
    await connect();
    offer.mockRejectedValueOnce(refusal('not_joined'));
    peer().become('failed');
    await vi.advanceTimersByTimeAsync(2_100);
    expect(rejoin).toHaveBeenCalledTimes(1);
    expect(peers).toHaveLength(2);
  });

  it('without a socket nothing is spent; its return mends at once', async () => {
    await connect();
    offer.mockRejectedValue(local.disconnected());
    peer().become('failed');
    await vi.advanceTimersByTimeAsync(6_000);
    expect(peers).toHaveLength(1);
    expect(peer().signalingState).toBe('stable');
    offer.mockClear().mockResolvedValue('v=0\r\n');
    session.signalingBack();
    await settle();
    expect(offer).toHaveBeenCalledTimes(1);
    peer().become('connected');
    expect(session.state.get().attempt).toBe(0);
  });

  it('a new network is used before the old one is missed', async () => {
    await connect();
    session.networkChanged();
    await settle();
    expect(peer().restarts).toBe(1);
    expect(session.state.get().phase).toBe('connected');
  });

  it('nothing happens after the end', async () => {
    await connect();
    const last = peer();
    session.close();
    last.become('failed');
    session.networkChanged();
    session.signalingBack();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(offer).toHaveBeenCalledTimes(1);
    expect(peers).toHaveLength(1);
  });

  it('the same session serves another visit', async () => {
    await connect();
    session.close();
    await connect();
    expect(peers).toHaveLength(2);
    expect(session.state.get().phase).toBe('connected');
  });
});
