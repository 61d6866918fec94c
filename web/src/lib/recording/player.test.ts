import { describe, expect, it, vi } from 'vitest';
import { type PlayTrack, type Source, type Span, type TimelineGap } from './model';
import { type Diagnosis, Player } from './player';
import { total } from './spans';
import { FakeMedia, FakeTime } from './testing/fakeMedia';

const track = (id: string, person: string, source: Source, startMs: number, durationMs: number): PlayTrack => ({
  id, person, source, kind: source === 'camera' || source === 'screen' ? 'video' : 'audio', mime: 'video/webm', startMs, durationMs, width: 0, height: 0, url: `/${id}`,
});

interface Setup {
  tracks?: PlayTrack[];
  gaps?: TimelineGap[];
  range?: Span;
  silences?: Span[];
  diagnose?: Diagnosis;
  make?: (track: PlayTrack, media: FakeMedia) => void;
}

function setUp({ tracks = [track('cam', 'A', 'camera', 0, 60_000), track('mic', 'A', 'microphone', 40, 59_960), track('late', 'B', 'microphone', 20_000, 20_000)], gaps = [], range = { fromMs: 0, toMs: 60_000 }, silences = [], diagnose = 'damaged', make }: Setup = {}) {
  const time = new FakeTime();
  const media = new Map<string, FakeMedia>();
  const diagnosed = vi.fn(() => Promise.resolve(diagnose));
  const player = new Player({
    tracks, gaps, range, silences,
    media: (t) => {
      const m = new FakeMedia(t.durationMs);
      make?.(t, m);
      media.set(t.id, m);
      time.media.push(m);
      return m;
    },
    diagnose: diagnosed, now: time.now, every: time.every,
  });
  const played: Span[] = [];
  player.on('played', (s) => played.push({ ...s }));
  const of = (id: string) => media.get(id) as FakeMedia;
  /** The furthest any playing lane is from another. */
  const spread = () => {
    const at = player.lanes.filter((l) => l.has(player.position.get()) && !l.media.paused).map((l) => l.media.currentTime * 1000 + l.track.startMs);
    return at.length < 2 ? 0 : Math.max(...at) - Math.min(...at);
  };
  return { time, player, of, played, spread, diagnosed, status: () => player.state.get().status };
}

describe('the clock', () => {
  it('waits for every lane, then runs', async () => {
    const { time, player, of, status } = setUp();
    of('mic').starved = true;
    player.play();
    await time.pass(1000);
    expect(status()).toBe('waiting');
    expect(player.state.get().waitingFor).toEqual(['mic']);
    // The microphone begins 40 ms in; no further than a lane may stumble.
    expect(player.position.get()).toBeLessThan(250);
    of('mic').starved = false;
    await time.pass(1000);
    expect(status()).toBe('playing');
    expect(player.position.get()).toBeGreaterThan(800);
  });

  it('stops for all when one lane runs dry, and nothing of the wait counts as watched', async () => {
    const { time, player, of, played, status } = setUp();
    player.play();
    await time.pass(3000);
    of('cam').starved = true;
    await time.pass(2000);
    expect(status()).toBe('waiting');
    expect(of('mic').paused).toBe(true);
    const before = total(played);
    await time.pass(2000);
    expect(total(played)).toBe(before);
    of('cam').starved = false;
    await time.pass(500);
    expect(status()).toBe('playing');
  });

  it('does not wait for who is not there, and lets them in on time', async () => {
    const { time, player, of, spread } = setUp();
    player.seek(19_000);
    player.play();
    await time.pass(500);
    expect(of('late').paused).toBe(true);
    await time.pass(1500);
    expect(of('late').paused).toBe(false);
    expect(spread()).toBeLessThan(40);
    player.seek(41_000);
    await time.pass(500);
    expect(of('late').paused).toBe(true);
  });

  it('ends at the end of its range and starts again from its beginning', async () => {
    const { time, player, status } = setUp({ range: { fromMs: 10_000, toMs: 12_000 } });
    expect(player.position.get()).toBe(10_000);
    player.seek(0);
    expect(player.position.get()).toBe(10_000);
    player.play();
    await time.pass(3000);
    expect(status()).toBe('ended');
    expect(player.position.get()).toBeCloseTo(12_000);
    player.play();
    await time.pass(200);
    expect(player.position.get()).toBeLessThan(10_500);
  });

  it('believes the elements after the machine slept', async () => {
    const { time, player, played } = setUp();
    player.play();
    await time.pass(1000);
    time.ms += 30_000; // nobody ticked, nothing played
    await time.pass(200);
    expect(player.position.get()).toBeLessThan(2500);
    expect(total(played)).toBeLessThan(2500);
  });
});

describe('lanes', () => {
  it.each([0.5, 1, 1.5, 2])('stay within 40 ms at %s× though their clocks err', async (rate) => {
    const { time, player, spread } = setUp({
      make: (t, m) => {
        m.drift = t.id === 'mic' ? 1.003 : 0.998;
        m.startsAfter = t.id === 'cam' ? 90 : 20;
      },
    });
    player.setRate(rate);
    player.play();
    await time.pass(2500);
    for (let n = 0; n < 40; n++) {
      await time.pass(200);
      expect(spread()).toBeLessThan(40);
    }
  });

  it('are pulled by no more than 5 % and leap when far off', async () => {
    const { time, player, of } = setUp();
    player.play();
    await time.pass(1000);
    const cam = of('cam');
    cam.currentTime += 0.1;
    let fastest = 0;
    for (let n = 0; n < 40; n++) {
      await time.pass(50);
      fastest = Math.max(fastest, Math.abs(cam.playbackRate - 1));
    }
    expect(fastest).toBeGreaterThan(0.019);
    expect(fastest).toBeLessThan(0.0501);
    const seeks = cam.seeks;
    cam.currentTime += 2;
    await time.pass(400);
    expect(cam.seeks).toBe(seeks + 2); // the test's own, and the player's
  });

  it('rest in a hole and go on past it', async () => {
    const { time, player, of } = setUp({ gaps: [{ track: 'mic', fromMs: 2000, toMs: 4000, reason: 'muted' }] });
    player.play();
    await time.pass(3000);
    expect(of('mic').paused).toBe(true);
    expect(of('cam').paused).toBe(false);
    await time.pass(1600);
    expect(of('mic').paused).toBe(false);
    expect(Math.abs(of('mic').currentTime * 1000 + 40 - player.position.get())).toBeLessThan(60);
  });

  it('shorter than their entry hold up nobody', async () => {
    const { time, player, of, status } = setUp({ tracks: [track('cam', 'A', 'camera', 0, 10_000), track('mic', 'A', 'microphone', 0, 10_000)], range: { fromMs: 0, toMs: 10_000 }, make: (t, m) => { if (t.id === 'mic') Object.assign(m, { duration: 4 }); } });
    player.play();
    await time.pass(7000);
    expect(status()).toBe('playing');
    expect(of('mic').paused).toBe(true);
  });

  it('far away are let go of, near ones are fetched', async () => {
    const { player, of } = setUp({ tracks: [track('cam', 'A', 'camera', 0, 7_200_000), track('back', 'A', 'camera', 3_600_000, 60_000)], range: { fromMs: 0, toMs: 7_200_000 } });
    expect(of('back').src).toBe('');
    player.seek(3_595_000);
    expect(of('back').src).toBe('/back');
    player.seek(0);
    expect(of('back').src).toBe('');
  });

  it('of a silenced person are muted, video always is', () => {
    const { player, of } = setUp();
    expect([of('cam').muted, of('mic').muted]).toEqual([true, false]);
    player.silence('A', true);
    expect([of('mic').muted, of('late').muted]).toEqual([true, false]);
  });
});

describe('trouble', () => {
  it('of one lane leaves the others playing', async () => {
    const { time, player, of, status } = setUp();
    player.play();
    await time.pass(1000);
    of('mic').fail();
    await time.pass(1000);
    expect(player.state.get().faulty).toEqual(['mic']);
    expect(status()).toBe('playing');
    expect(of('cam').paused).toBe(false);
  });

  it('that the server takes back is retried, but not for ever', async () => {
    vi.useFakeTimers();
    const { time, player, of, diagnosed } = setUp({ diagnose: 'retry' });
    player.play();
    await time.pass(500);
    of('mic').fail();
    await vi.advanceTimersByTimeAsync(300);
    await time.pass(500);
    expect(player.state.get()).toMatchObject({ status: 'playing', faulty: [] });
    for (let n = 0; n < 4; n++) {
      of('mic').fail();
      await vi.advanceTimersByTimeAsync(300);
    }
    expect(diagnosed).toHaveBeenCalledTimes(4);
    expect(player.state.get().faulty).toEqual(['mic']);
    vi.useRealTimers();
  });

  it('of the right to watch ends everything', async () => {
    const { time, player, of, status } = setUp({ diagnose: 'gone' });
    player.play();
    await time.pass(1000);
    of('cam').fail();
    await time.pass(100);
    expect(status()).toBe('gone');
    expect(of('mic').src).toBe('');
    player.play();
    await time.pass(1000);
    expect(status()).toBe('gone');
  });

  it('with autoplay asks for a press', async () => {
    const { time, player, of, status } = setUp();
    of('mic').refuses = true;
    player.play();
    await time.pass(500);
    expect(status()).toBe('blocked');
    expect(of('cam').paused).toBe(true);
    of('mic').refuses = false;
    player.play();
    await time.pass(500);
    expect(status()).toBe('playing');
  });
});

describe('what was watched', () => {
  it('is what played: not the leaps, not the silence skipped', async () => {
    const { time, player, played } = setUp({ silences: [{ fromMs: 4000, toMs: 9000 }] });
    player.setSkipSilence(true);
    player.play();
    await time.pass(5500);
    expect(player.position.get()).toBeGreaterThan(9000);
    player.seek(30_000);
    await time.pass(1000);
    player.pause();
    expect(played.some((s) => s.toMs > 4100 && s.fromMs < 9000)).toBe(false);
    expect(played.some((s) => s.toMs > 11_000 && s.fromMs < 30_000)).toBe(false);
    expect(total(played)).toBeLessThanOrEqual(6500);
    expect(total(played)).toBeGreaterThan(5000);
  });

  it('at double speed is twice the time', async () => {
    const { time, player, played } = setUp();
    player.setRate(2);
    player.play();
    await time.pass(3000);
    player.pause();
    expect(total(played)).toBeGreaterThan(5400);
    expect(total(played)).toBeLessThanOrEqual(6000);
  });
});
