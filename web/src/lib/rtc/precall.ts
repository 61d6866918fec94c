import { type TrackInfo } from '../realtime/types';
import { type ConnectionFactory } from './link';
import { withOpus, speech } from './sdp';
import { figures, snapshot, type SessionFigures, type Snapshot } from './stats';

export interface PrecallSignaling {
  offer(sdp: string, tracks: TrackInfo[]): Promise<string>;
  end(): void;
}

export type PrecallVerdict = 'great' | 'fine' | 'weak' | 'failed';
export type PrecallAdvice = 'ready' | 'audio-first' | 'delay' | 'loss' | 'tcp' | 'no-path' | 'no-server';

export interface PrecallResult {
  verdict: PrecallVerdict;
  advice: PrecallAdvice;
  rttMs: number;
  /** Percent, worse of the two directions. */
  loss: number;
  /** bit/s that came back. */
  bitrate: number;
  transport: SessionFigures['transport'];
}

/** Judges the figures in the order a person would notice them: connection, loss, delay, picture. */
export function judge(sample: Omit<PrecallResult, 'verdict' | 'advice'>): PrecallResult {
  const { rttMs, loss, bitrate, transport } = sample;
  const say = (verdict: PrecallVerdict, advice: PrecallAdvice): PrecallResult => ({ ...sample, verdict, advice });
  if (loss > 8) return say('weak', 'loss');
  if (rttMs > 500) return say('weak', 'delay');
  if (bitrate > 0 && bitrate < 150_000) return say('weak', 'audio-first');
  if (transport === 'tcp' || transport === 'relay') return say('fine', 'tcp');
  if (loss > 2) return say('fine', 'loss');
  if (rttMs > 250) return say('fine', 'delay');
  return say('great', 'ready');
}

const failed = (advice: PrecallAdvice): PrecallResult => ({ verdict: 'failed', advice, rttMs: 0, loss: 0, bitrate: 0, transport: '' });

export interface PrecallOptions {
  signaling: PrecallSignaling;
  /** The real camera and microphone; a drawn picture stands in for a missing camera. */
  tracks: readonly MediaStreamTrack[];
  create?: ConnectionFactory;
  /** Milliseconds of media to judge. */
  length?: number;
  onProgress?: (share: number) => void;
  signal?: AbortSignal;
}

const connectWithin = 10_000;
const sampleEvery = 500;

/**
 * Sends real media through the real server and listens to it coming back.
 * Nothing is kept there: the room is private to this socket and ends with it.
 */
export async function testNetwork(options: PrecallOptions): Promise<PrecallResult> {
  const { signaling, signal, onProgress, length = 5_000 } = options;
  const pc = (options.create ?? ((config) => new RTCPeerConnection(config)))({ bundlePolicy: 'max-bundle' });
  const stopPicture = addTracks(pc, options.tracks);
  try {
    await pc.setLocalDescription(await pc.createOffer());
    await gathered(pc, signal);
    const infos = sending(pc);
    let answer: string;
    try {
      answer = await signaling.offer(pc.localDescription?.sdp ?? '', infos);
    } catch {
      return failed('no-server');
    }
    const voice = new Map(infos.filter((i) => i.source === 'microphone').map((i) => [i.mid, speech]));
    await pc.setRemoteDescription({ type: 'answer', sdp: withOpus(answer, voice) });
    if (!(await connected(pc, signal))) return failed('no-path');
    return await sample(pc, length, infos, onProgress, signal);
  } finally {
    stopPicture();
    pc.close();
    signaling.end();
  }
}

function addTracks(pc: RTCPeerConnection, tracks: readonly MediaStreamTrack[]): () => void {
  let drawn: (() => void) | undefined;
  const video = tracks.find((t) => t.kind === 'video');
  const audio = tracks.find((t) => t.kind === 'audio');
  let picture = video;
  if (!picture) {
    const made = drawnTrack();
    picture = made?.track;
    drawn = made?.stop;
  }
  pc.addTransceiver(audio ?? 'audio', { direction: 'sendonly' });
  pc.addTransceiver(picture ?? 'video', { direction: 'sendonly', sendEncodings: [{ maxBitrate: 1_500_000 }] });
  pc.addTransceiver('audio', { direction: 'recvonly' });
  pc.addTransceiver('video', { direction: 'recvonly' });
  return () => drawn?.();
}

/** A moving picture for machines without a camera, so that the line is still measured. */
function drawnTrack(): { track: MediaStreamTrack; stop: () => void } | undefined {
  const canvas = document.createElement('canvas');
  canvas.width = 640;
  canvas.height = 360;
  const context = canvas.getContext('2d');
  if (!context || !('captureStream' in canvas)) return undefined;
  const timer = setInterval(() => {
    for (let i = 0; i < 40; i++) {
      context.fillStyle = `hsl(${Math.random() * 360} 60% 50%)`;
      context.fillRect(Math.random() * 640, Math.random() * 360, 60, 60);
    }
  }, 40);
  const track = canvas.captureStream(25).getVideoTracks()[0];
  return track
    ? {
        track,
        stop: () => {
          clearInterval(timer);
          track.stop();
        },
      }
    : undefined;
}

function sending(pc: RTCPeerConnection): TrackInfo[] {
  return pc
    .getTransceivers()
    .filter((t) => t.direction === 'sendonly' && t.mid !== null)
    .map((t) => ({ mid: t.mid ?? '', source: t.receiver.track.kind === 'audio' ? 'microphone' : 'camera' }));
}

/** All candidates in one offer; two seconds is enough for every one that will ever work. */
function gathered(pc: RTCPeerConnection, signal?: AbortSignal): Promise<unknown> {
  if (pc.iceGatheringState === 'complete') return Promise.resolve();
  return until(2_000, signal, (done) => {
    pc.onicegatheringstatechange = () => {
      if (pc.iceGatheringState === 'complete') done(true);
    };
  });
}

function connected(pc: RTCPeerConnection, signal?: AbortSignal): Promise<boolean> {
  if (pc.connectionState === 'connected') return Promise.resolve(true);
  return until(connectWithin, signal, (done) => {
    pc.onconnectionstatechange = () => {
      if (pc.connectionState === 'connected') done(true);
      if (pc.connectionState === 'failed') done(false);
    };
  });
}

function until(ms: number, signal: AbortSignal | undefined, arrange: (done: (ok: boolean) => void) => void): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (ok: boolean) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      resolve(ok);
    };
    const abort = () => finish(false);
    const timer = setTimeout(() => finish(false), ms);
    signal?.addEventListener('abort', abort);
    arrange(finish);
  });
}

async function sample(
  pc: RTCPeerConnection,
  length: number,
  infos: readonly TrackInfo[],
  onProgress: PrecallOptions['onProgress'],
  signal: AbortSignal | undefined,
): Promise<PrecallResult> {
  const names = {
    inbound: (mid: string) => ({ participant: 'self', source: mediaOf(pc, mid) }),
    outbound: (mid: string) => infos.find((i) => i.mid === mid)?.source,
  };
  const take = async (): Promise<Snapshot> => snapshot((await pc.getStats()) as unknown as Iterable<[string, unknown]>, performance.now());
  // The first second is start-up: key frames, ramping, nothing to judge by.
  await until(1_000, signal, () => undefined);
  const first = await take();
  const steps = Math.max(1, Math.round(length / sampleEvery));
  const rtts: number[] = [];
  let last = first;
  for (let i = 1; i <= steps && !signal?.aborted; i++) {
    await until(sampleEvery, signal, () => undefined);
    last = await take();
    const { rttMs } = figures(first, last, names);
    if (rttMs > 0) rtts.push(rttMs);
    onProgress?.(i / steps);
  }
  const total = figures(first, last, names);
  rtts.sort((a, b) => a - b);
  const loss = Math.max(0, ...total.inbound.map((f) => f.loss), ...total.outbound.map((f) => f.loss));
  return judge({
    rttMs: Math.round(rtts[Math.floor(rtts.length / 2)] ?? 0),
    loss: Math.round(loss * 10) / 10,
    bitrate: Math.round(total.inbound.reduce((sum, f) => sum + f.bitrate, 0)),
    transport: total.transport,
  });
}

function mediaOf(pc: RTCPeerConnection, mid: string): 'camera' | 'microphone' {
  return pc.getTransceivers().find((t) => t.mid === mid)?.receiver.track.kind === 'audio' ? 'microphone' : 'camera';
}
