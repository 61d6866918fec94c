import { describe, expect, it } from 'vitest';
import { score } from './testing/fixtures';
import { ownVerdict, theirVerdict } from './quality';
import { judge } from './precall';
import { figures, snapshot, type SessionFigures } from './stats';

const report = (up: string, down: string, reason = '') => ({ participant: 'x', up: score(up as never, { reason }), down: score(down as never, { reason }) });

describe('whose side', () => {
  it.each([
    ['theirs is weak up', report('poor', 'good', 'loss'), report('good', 'good'), 'them', 'poor', 'they-closer'],
    ['ours is weak down', report('excellent', 'excellent'), report('good', 'poor', 'bitrate'), 'you', 'poor', 'camera-off'],
    ['both', report('lost', 'good'), report('good', 'poor'), 'both', 'lost', 'closer'],
    ['neither', report('good', 'excellent'), report('excellent', 'excellent'), 'none', 'good', ''],
    ['their way down is not our business', report('excellent', 'lost'), report('excellent', 'excellent'), 'none', 'excellent', ''],
  ])('%s', (_, theirs, own, side, level, advice) => {
    expect(theirVerdict(theirs, own)).toMatchObject({ side, level, advice });
  });

  it('is unknown before anybody measured', () => {
    expect(theirVerdict(undefined, undefined)).toMatchObject({ level: 'unknown', bars: 0 });
    expect(ownVerdict(undefined, undefined).level).toBe('unknown');
  });
});

describe('own verdict', () => {
  const figure = (more: Partial<SessionFigures> = {}): SessionFigures => ({ at: 0, rttMs: 20, available: 0, transport: 'udp', inbound: [], outbound: [], ...more });

  it('takes the worse direction', () => {
    expect(ownVerdict(report('good', 'poor', 'delay'), undefined)).toMatchObject({ level: 'poor', bars: 2, side: 'you', advice: 'cable' });
    expect(ownVerdict(report('excellent', 'good'), undefined)).toMatchObject({ level: 'good', bars: 3, side: 'none' });
  });

  it('knows that a good line does not help a busy machine', () => {
    const busy = figure({ outbound: [{ source: 'camera', bitrate: 1, loss: 0, width: 1, height: 1, fps: 8, limited: 'cpu' }] });
    expect(ownVerdict(report('excellent', 'excellent'), busy)).toMatchObject({ reason: 'cpu', advice: 'programs', level: 'good' });
  });

  it('falls back on the browser when the server said nothing yet', () => {
    expect(ownVerdict(undefined, figure())).toMatchObject({ level: 'excellent', side: 'none' });
    expect(ownVerdict(undefined, figure({ rttMs: 900 }))).toMatchObject({ level: 'poor', reason: 'delay' });
  });
});

describe('figures', () => {
  const names = { inbound: (mid: string) => (mid === '4' ? { participant: 'P', source: 'camera' as const } : undefined), outbound: (mid: string) => (mid === '1' ? ('camera' as const) : undefined) };
  const at = (time: number, entries: Record<string, Record<string, unknown>>) => snapshot(Object.entries(entries), time);

  it('are differences per second', () => {
    const before = at(1_000, {
      in: { type: 'inbound-rtp', mid: '4', bytesReceived: 1_000, packetsReceived: 10, packetsLost: 0, totalFreezesDuration: 1 },
      q: { type: 'outbound-rtp', mid: '1', bytesSent: 0, packetsSent: 0 },
    });
    const now = at(3_000, {
      in: { type: 'inbound-rtp', mid: '4', bytesReceived: 251_000, packetsReceived: 100, packetsLost: 10, totalFreezesDuration: 2, frameWidth: 640, frameHeight: 360, framesPerSecond: 30, jitter: 0.012 },
      q: { type: 'outbound-rtp', mid: '1', bytesSent: 50_000, packetsSent: 100, frameWidth: 160, frameHeight: 90, framesPerSecond: 30, remoteId: 'r', qualityLimitationReason: 'none' },
      f: { type: 'outbound-rtp', mid: '1', bytesSent: 200_000, packetsSent: 100, frameWidth: 640, frameHeight: 360, framesPerSecond: 24, qualityLimitationReason: 'bandwidth' },
      r: { type: 'remote-inbound-rtp', fractionLost: 0.05 },
      t: { type: 'transport', selectedCandidatePairId: 'p' },
      p: { type: 'candidate-pair', currentRoundTripTime: 0.042, availableOutgoingBitrate: 900_000, localCandidateId: 'l' },
      l: { type: 'local-candidate', protocol: 'tcp', candidateType: 'host' },
    });
    const result = figures(before, now, names);
    expect(result).toMatchObject({ rttMs: 42, available: 900_000, transport: 'tcp' });
    expect(result.inbound).toEqual([expect.objectContaining({ participant: 'P', bitrate: 1_000_000, loss: 10, jitterMs: 12, width: 640, fps: 30, frozen: 0.5 })]);
    expect(result.outbound).toEqual([expect.objectContaining({ source: 'camera', bitrate: 1_000_000, loss: 5, width: 640, limited: 'bandwidth' })]);
  });

  it('count invented sound, but not silence that was meant', () => {
    const before = at(0, { a: { type: 'inbound-rtp', mid: '4', totalSamplesReceived: 0 } });
    const now = at(1_000, { a: { type: 'inbound-rtp', mid: '4', totalSamplesReceived: 48_000, concealedSamples: 24_000, silentConcealedSamples: 19_200 } });
    expect(figures(before, now, names).inbound[0]?.concealed).toBeCloseTo(0.1);
  });

  it('survive counters that went back and entries of nobody', () => {
    const before = at(0, { a: { type: 'inbound-rtp', mid: '4', bytesReceived: 500 } });
    const now = at(0, { a: { type: 'inbound-rtp', mid: '4', bytesReceived: 10 }, b: { type: 'inbound-rtp', mid: '9' }, c: { type: 'outbound-rtp' } });
    const result = figures(before, now, names);
    expect(result.inbound).toHaveLength(1);
    expect(result.inbound[0]?.bitrate).toBe(0);
    expect(result.outbound).toEqual([]);
  });
});

describe('the check before a call', () => {
  const sample = { rttMs: 30, loss: 0, bitrate: 1_200_000, transport: 'udp' as const };
  it.each([
    [{}, 'great', 'ready'],
    [{ loss: 12 }, 'weak', 'loss'],
    [{ loss: 3 }, 'fine', 'loss'],
    [{ rttMs: 700 }, 'weak', 'delay'],
    [{ rttMs: 300 }, 'fine', 'delay'],
    [{ bitrate: 90_000 }, 'weak', 'audio-first'],
    [{ transport: 'tcp' as const }, 'fine', 'tcp'],
    [{ transport: 'relay' as const, loss: 9 }, 'weak', 'loss'],
  ])('%o is %s: %s', (more, verdict, advice) => {
    expect(judge({ ...sample, ...more })).toMatchObject({ verdict, advice });
  });
});
