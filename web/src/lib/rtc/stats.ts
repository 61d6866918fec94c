import { type Source } from '../realtime/types';

/** How one arriving track is doing over the last interval. */
export interface InboundFigures {
  participant: string;
  source: Source;
  /** bit/s */
  bitrate: number;
  /** Percent of packets that never came. */
  loss: number;
  jitterMs: number;
  width: number;
  height: number;
  fps: number;
  /** Share of the interval the picture stood still, 0–1. */
  frozen: number;
  /** Share of sound that had to be invented, 0–1. */
  concealed: number;
}

/** How one leaving track is doing, all its layers together. */
export interface OutboundFigures {
  source: Source;
  bitrate: number;
  /** Percent lost, as the server reports it. */
  loss: number;
  width: number;
  height: number;
  fps: number;
  /** What holds quality back: "bandwidth", "cpu" or "". */
  limited: string;
}

export interface SessionFigures {
  at: number;
  rttMs: number;
  /** bit/s the browser thinks it may send. */
  available: number;
  transport: 'udp' | 'tcp' | 'relay' | '';
  inbound: readonly InboundFigures[];
  outbound: readonly OutboundFigures[];
}

/** A plain copy of what getStats said, kept to take differences with the next one. */
export interface Snapshot {
  at: number;
  entries: ReadonlyMap<string, Record<string, unknown>>;
}

export function snapshot(report: Iterable<[string, unknown]>, at: number): Snapshot {
  return { at, entries: new Map([...report].map(([id, entry]) => [id, entry as Record<string, unknown>])) };
}

const num = (entry: Record<string, unknown> | undefined, key: string): number => {
  const value = entry?.[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
};
const text = (entry: Record<string, unknown> | undefined, key: string): string => {
  const value = entry?.[key];
  return typeof value === 'string' ? value : '';
};

export interface Names {
  /** Whose track arrives on a media section. */
  inbound(mid: string): { participant: string; source: Source } | undefined;
  outbound(mid: string): Source | undefined;
}

/** Turns two snapshots into figures per second. Pure, so that a recorded trace is a test. */
export function figures(before: Snapshot, now: Snapshot, names: Names): SessionFigures {
  const seconds = Math.max(0.001, (now.at - before.at) / 1000);
  const inbound: InboundFigures[] = [];
  const outbound = new Map<Source, OutboundFigures>();
  const sent = new Map<Source, number>();
  for (const [id, entry] of now.entries) {
    const last = before.entries.get(id);
    const delta = (key: string) => Math.max(0, num(entry, key) - num(last, key));
    const mid = text(entry, 'mid');
    if (entry.type === 'inbound-rtp') {
      const whose = names.inbound(mid);
      if (whose) inbound.push({ ...whose, ...inboundOf(entry, delta, seconds) });
    } else if (entry.type === 'outbound-rtp') {
      const source = names.outbound(mid);
      if (!source) continue;
      const remote = now.entries.get(text(entry, 'remoteId'));
      const known = outbound.get(source);
      const packets = delta('packetsSent');
      const taller = num(entry, 'frameHeight') > (known?.height ?? 0);
      sent.set(source, (sent.get(source) ?? 0) + packets);
      outbound.set(source, {
        source,
        bitrate: (known?.bitrate ?? 0) + (delta('bytesSent') * 8) / seconds,
        loss: Math.max(known?.loss ?? 0, packets > 0 ? num(remote, 'fractionLost') * 100 : 0),
        width: taller ? num(entry, 'frameWidth') : (known?.width ?? 0),
        height: taller ? num(entry, 'frameHeight') : (known?.height ?? 0),
        fps: Math.max(known?.fps ?? 0, num(entry, 'framesPerSecond')),
        limited: known?.limited || limitation(text(entry, 'qualityLimitationReason')),
      });
    }
  }
  return { at: now.at, ...pathOf(now), inbound, outbound: [...outbound.values()] };
}

function limitation(reason: string): string {
  return reason === 'none' ? '' : reason;
}

function inboundOf(entry: Record<string, unknown>, delta: (key: string) => number, seconds: number) {
  const received = delta('packetsReceived');
  const lost = delta('packetsLost');
  const samples = delta('totalSamplesReceived');
  // Silent concealment is DTX: nothing was said, so nothing was lost.
  const concealed = Math.max(0, delta('concealedSamples') - delta('silentConcealedSamples'));
  return {
    bitrate: (delta('bytesReceived') * 8) / seconds,
    loss: received + lost > 0 ? (100 * lost) / (received + lost) : 0,
    jitterMs: num(entry, 'jitter') * 1000,
    width: num(entry, 'frameWidth'),
    height: num(entry, 'frameHeight'),
    fps: num(entry, 'framesPerSecond'),
    frozen: Math.min(1, delta('totalFreezesDuration') / seconds),
    concealed: samples > 0 ? Math.min(1, concealed / samples) : 0,
  };
}

/** The network path in use: the pair the transport selected. */
function pathOf(now: Snapshot): Pick<SessionFigures, 'rttMs' | 'available' | 'transport'> {
  const entries = [...now.entries.values()];
  const selected = entries.find((e) => e.type === 'transport' && text(e, 'selectedCandidatePairId') !== '');
  const pair =
    now.entries.get(text(selected, 'selectedCandidatePairId')) ??
    entries.find((e) => e.type === 'candidate-pair' && e.state === 'succeeded' && (e.nominated === true || e.selected === true));
  if (!pair) return { rttMs: 0, available: 0, transport: '' };
  const localCandidate = now.entries.get(text(pair, 'localCandidateId'));
  const relay = text(localCandidate, 'candidateType') === 'relay';
  return {
    rttMs: num(pair, 'currentRoundTripTime') * 1000,
    available: num(pair, 'availableOutgoingBitrate'),
    transport: relay ? 'relay' : text(localCandidate, 'protocol') === 'tcp' ? 'tcp' : 'udp',
  };
}
