import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readChoices } from './choices';
import { fakeTrack, FakeStream } from './testing/fakePeer';
import { deviceFailure } from './failure';
import { LocalMedia } from './local';
import { browserName, obstacle } from './support';

type Ask = { video?: MediaTrackConstraints; audio?: MediaTrackConstraints };
const refuse = (name: string) => Object.assign(new Error(name), { name });
let answer: (ask: Ask) => unknown;
let asked: Ask[];
let tracks: ReturnType<typeof fakeTrack>[];
let local: LocalMedia;
const memory = new Map<string, string>();
const storage = { getItem: (k: string) => memory.get(k) ?? null, setItem: (k: string, v: string) => void memory.set(k, v) } as Storage;

function stream({ video, audio }: Ask) {
  const made = [...(video ? [fakeTrack('video')] : []), ...(audio ? [fakeTrack('audio')] : [])];
  tracks.push(...made);
  return new FakeStream(made);
}
const wantedId = (c: MediaTrackConstraints | undefined) => c?.deviceId;
const sent: [string, MediaStreamTrack | null][] = [];

beforeEach(() => {
  memory.clear();
  asked = [];
  tracks = [];
  sent.length = 0;
  answer = stream;
  vi.stubGlobal('MediaStream', FakeStream);
  const media = {
    getUserMedia: async (ask: Ask) => {
      asked.push(ask);
      const given = answer(ask);
      if (given instanceof Error) throw given;
      return given;
    },
    getDisplayMedia: async () => {
      const given = answer({ video: {}, audio: {} });
      if (given instanceof Error) throw given;
      return given;
    },
    enumerateDevices: async () => [],
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  };
  local = new LocalMedia(media as unknown as MediaDevices, storage);
  local.on('track', ({ source, track }) => sent.push([source, track]));
});
afterEach(() => local.close());

describe('opening', () => {
  it('asks once for both', async () => {
    await local.open();
    expect(asked).toHaveLength(1);
    expect(local.state.get()).toMatchObject({ camera: { on: true }, microphone: { on: true } });
    expect(sent.map(([source]) => source)).toEqual(['microphone', 'camera']);
  });

  it('joins with sound when there is no camera', async () => {
    answer = (ask) => (ask.video ? refuse('NotFoundError') : stream(ask));
    await local.open();
    expect(local.state.get()).toMatchObject({ camera: { on: false, failure: 'missing' }, microphone: { on: true } });
  });

  it('tells the two failures apart', async () => {
    answer = (ask) => refuse(ask.video && ask.audio ? 'NotReadableError' : ask.video ? 'NotReadableError' : 'NotFoundError');
    await local.open();
    expect(local.state.get().camera.failure).toBe('busy');
    expect(local.state.get().microphone.failure).toBe('missing');
  });

  it('lets go of what came after it was closed', async () => {
    const opening = local.open();
    local.close();
    await opening;
    expect(tracks.every((t) => t.readyState === 'ended')).toBe(true);
    expect(local.state.get().camera.on).toBe(false);
  });
});

describe('switches', () => {
  it('mute keeps the microphone, so that unmuting is instant', async () => {
    await local.open();
    await local.setMicrophone(false);
    const { track } = local.state.get().microphone;
    expect(track?.enabled).toBe(false);
    expect(track?.readyState).toBe('live');
    await local.setMicrophone(true);
    expect(asked).toHaveLength(1);
  });

  it('a camera that is off is really off', async () => {
    await local.open();
    const { track } = local.state.get().camera;
    await local.setCamera(false);
    expect(track?.readyState).toBe('ended');
    expect(sent[sent.length - 1]).toEqual(['camera', null]);
    await local.setCamera(true);
    expect(asked).toHaveLength(2);
  });

  it('say why they failed', async () => {
    await local.open({ camera: false, microphone: true });
    const failed = vi.fn();
    local.on('failed', failed);
    answer = () => refuse('NotAllowedError');
    await local.setCamera(true);
    expect(failed).toHaveBeenCalledWith({ kind: 'camera', reason: 'denied' });
    expect(local.state.get().camera).toMatchObject({ on: false, failure: 'denied' });
    expect(local.state.get().microphone.on).toBe(true);
  });
});

describe('choosing', () => {
  it('takes exactly that device now and prefers it next time', async () => {
    await local.open();
    await local.chooseCamera('cam-2');
    expect(wantedId(asked[1]?.video)).toEqual({ exact: 'cam-2' });
    expect(readChoices(storage)).toEqual({ camera: 'cam-2' });
    const next = new LocalMedia({ ...navigator.mediaDevices, getUserMedia: async (ask: Ask) => (asked.push(ask), stream(ask)), enumerateDevices: async () => [] } as unknown as MediaDevices, storage);
    await next.open();
    expect(wantedId(asked[2]?.video)).toEqual({ ideal: 'cam-2' });
    next.close();
  });

  it('keeps a muted microphone muted', async () => {
    await local.open();
    await local.setMicrophone(false);
    await local.chooseMicrophone('mic-2');
    expect(local.state.get().microphone.on).toBe(false);
    expect(local.state.get().microphone.track?.enabled).toBe(false);
  });

  it('remembers nothing but ids, and survives what others left there', () => {
    memory.set('mentara.devices', '{"camera":7,"microphone":"","speaker":"s","name":"x"}');
    expect(readChoices(storage)).toEqual({ speaker: 's' });
    memory.set('mentara.devices', 'nonsense');
    expect(readChoices(storage)).toEqual({});
  });
});

describe('unplugging', () => {
  it('goes on with another device, and says which', async () => {
    await local.open();
    await local.setMicrophone(false);
    const fallback = vi.fn();
    local.on('fallback', fallback);
    tracks.find((t) => t.kind === 'audio')?.unplug();
    await vi.waitFor(() => expect(fallback).toHaveBeenCalledWith({ kind: 'microphone', label: 'My audio' }));
    expect(local.state.get().microphone).toMatchObject({ on: false });
    expect(local.state.get().microphone.track?.enabled).toBe(false);
  });

  it('goes on without one when there is none', async () => {
    await local.open();
    const fallback = vi.fn();
    local.on('fallback', fallback);
    answer = () => refuse('NotFoundError');
    tracks.find((t) => t.kind === 'video')?.unplug();
    await vi.waitFor(() => expect(fallback).toHaveBeenCalledWith({ kind: 'camera' }));
    expect(local.state.get()).toMatchObject({ camera: { on: false, failure: 'missing' }, microphone: { on: true } });
  });
});

describe('sharing the screen', () => {
  it('sends picture and sound, and stops both', async () => {
    await local.startScreen();
    expect(sent.map(([source]) => source)).toEqual(['screen', 'screen-audio']);
    local.stopScreen();
    expect(sent.slice(2)).toEqual([['screen', null], ['screen-audio', null]]);
    expect(tracks.every((t) => t.readyState === 'ended')).toBe(true);
  });

  it('hears the browser\'s own stop button', async () => {
    const ended = vi.fn();
    local.on('screenEnded', ended);
    await local.startScreen();
    tracks.find((t) => t.kind === 'video')?.unplug();
    expect(ended).toHaveBeenCalledTimes(1);
    expect(local.state.get().screen.on).toBe(false);
  });

  it('thinks nothing of a picker that was closed', async () => {
    const failed = vi.fn();
    local.on('failed', failed);
    answer = () => refuse('NotAllowedError');
    expect(await local.startScreen()).toBe(false);
    expect(failed).not.toHaveBeenCalled();
  });
});

describe('reasons', () => {
  it.each([
    ['NotAllowedError', 'denied'],
    ['NotFoundError', 'missing'],
    ['NotReadableError', 'busy'],
    ['OverconstrainedError', 'overconstrained'],
    ['TypeError', 'unsupported'],
    ['Whatever', 'unknown'],
  ])('%s is %s', (name, reason) => {
    expect(deviceFailure(refuse(name))).toBe(reason);
  });

  it('insecure is told before unsupported', () => {
    const none = { isSecureContext: false, hasPeerConnection: false, hasMediaDevices: false, hasWebSocket: true };
    expect(obstacle(none)).toBe('insecure');
    expect(obstacle({ ...none, isSecureContext: true })).toBe('unsupported');
    expect(obstacle({ isSecureContext: true, hasPeerConnection: true, hasMediaDevices: true, hasWebSocket: true })).toBeUndefined();
  });

  it.each([
    ['Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/140.0 Safari/537.36', 'chrome'],
    ['Mozilla/5.0 (Windows) AppleWebKit Chrome/140.0 Safari/537.36 Edg/140.0', 'edge'],
    ['Mozilla/5.0 (X11; rv:140.0) Gecko Firefox/140.0', 'firefox'],
    ['Mozilla/5.0 (Macintosh) AppleWebKit Version/18 Safari/605', 'safari'],
    ['Mozilla/5.0 (iPhone) AppleWebKit CriOS/140 Safari', 'ios'],
    ['Mozilla/5.0 (Linux; Android 15) Chrome/140 Mobile', 'android'],
    ['', 'other'],
  ])('%s', (agent, name) => {
    expect(browserName(agent)).toBe(name);
  });
});
