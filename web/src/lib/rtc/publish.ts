import { type Demand, type Source, type TrackInfo } from '../realtime/types';
import { program, speech, type OpusProfile } from './sdp';

export type VideoCodec = 'VP8' | 'VP9' | 'H264' | 'AV1';

/** Camera layers, smallest first: the order Chromium wants and the rids the server speaks of. */
export const cameraLayers = [
  { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_700_000 },
] as const;

/** Three temporal layers let the server halve the frame rate without a key frame; H264 encoders lack them. */
function temporal(codec: VideoCodec): { scalabilityMode?: string } {
  return codec === 'H264' ? {} : { scalabilityMode: 'L1T3' };
}

function encodingsOf(source: Source, codec: VideoCodec): RTCRtpEncodingParameters[] {
  switch (source) {
    case 'camera':
      return cameraLayers.map((layer) => ({ ...layer, ...temporal(codec) }));
    case 'screen':
      // Text needs pixels more than motion: one layer, few frames, plenty of bits.
      return [{ maxBitrate: 2_500_000, maxFramerate: 15, ...temporal(codec) }];
    case 'microphone':
      return [{ maxBitrate: 40_000, priority: 'high', networkPriority: 'high' }];
    case 'screen-audio':
      return [{ maxBitrate: 128_000 }];
  }
}

const sources: readonly Source[] = ['microphone', 'camera', 'screen', 'screen-audio'];

export function kindOf(source: Source): 'audio' | 'video' {
  return source === 'camera' || source === 'screen' ? 'video' : 'audio';
}

export function contentHint(source: Source): string {
  return { camera: 'motion', screen: 'detail', microphone: 'speech', 'screen-audio': 'music' }[source];
}

type Want = Demand & { maxBitrate?: number };

/**
 * The sending half of the connection. Every source has its media section from
 * the first offer on, empty until a track is put in, so that muting, the
 * camera and a screen share never negotiate anything.
 */
export class Publisher {
  readonly #transceivers = new Map<Source, RTCRtpTransceiver>();

  constructor(pc: RTCPeerConnection, codec: VideoCodec) {
    for (const source of sources) {
      const kind = kindOf(source);
      const transceiver = pc.addTransceiver(kind, { direction: 'sendonly', sendEncodings: encodingsOf(source, codec) });
      if (kind === 'video') preferCodec(transceiver, codec);
      this.#transceivers.set(source, transceiver);
    }
  }

  /** Names the source of each section; valid once the local description is set. */
  infos(): TrackInfo[] {
    const infos: TrackInfo[] = [];
    for (const [source, { mid }] of this.#transceivers) if (mid !== null) infos.push({ mid, source });
    return infos;
  }

  opusProfiles(): Map<string, OpusProfile> {
    const profiles = new Map<string, OpusProfile>();
    for (const { mid, source } of this.infos()) {
      if (source === 'microphone') profiles.set(mid, speech);
      if (source === 'screen-audio') profiles.set(mid, program);
    }
    return profiles;
  }

  sender(source: Source): RTCRtpSender | undefined {
    return this.#transceivers.get(source)?.sender;
  }

  async replace(source: Source, track: MediaStreamTrack | null): Promise<void> {
    const sender = this.sender(source);
    if (!sender || sender.track === track) return;
    if (track && 'contentHint' in track) track.contentHint = contentHint(source);
    await sender.replaceTrack(track);
  }

  /** Encodes only the layers somebody watches. Audio always flows. */
  async demand(wants: readonly Want[]): Promise<void> {
    await Promise.all(
      wants.map(async ({ mid, source, rids, maxBitrate = 0 }) => {
        const sender = [...this.#transceivers.values()].find((t) => t.mid === mid)?.sender;
        if (!sender || kindOf(source) === 'audio') return;
        const parameters = sender.getParameters();
        let changed = false;
        for (const encoding of parameters.encodings) {
          const active = encoding.rid === undefined ? rids.length > 0 : rids.includes(encoding.rid);
          const usual = usualBitrate(source, encoding.rid);
          const bitrate = maxBitrate > 0 ? Math.min(usual, Math.max(maxBitrate, 50_000)) : usual;
          changed ||= encoding.active !== active || encoding.maxBitrate !== bitrate;
          encoding.active = active;
          encoding.maxBitrate = bitrate;
        }
        if (changed) await sender.setParameters(parameters);
      }),
    );
  }

  /**
   * Sends each word of speech twice (RED, RFC 2198) while the path loses
   * packets. Chosen per encoding, so it needs no negotiation; a browser
   * without that choice keeps plain Opus with FEC.
   */
  async redundancy(on: boolean): Promise<void> {
    const sender = this.sender('microphone');
    if (!sender) return;
    const parameters = sender.getParameters();
    const codec = parameters.codecs?.find((c) => c.mimeType.toLowerCase() === (on ? 'audio/red' : 'audio/opus'));
    const encoding = parameters.encodings[0] as (RTCRtpEncodingParameters & { codec?: RTCRtpCodec }) | undefined;
    if (!codec || !encoding || encoding.codec?.mimeType === codec.mimeType) return;
    const { mimeType, clockRate, channels, sdpFmtpLine } = codec;
    encoding.codec = { mimeType, clockRate, ...(channels ? { channels } : {}), ...(sdpFmtpLine ? { sdpFmtpLine } : {}) };
    await sender.setParameters(parameters).catch(() => undefined);
  }
}

function usualBitrate(source: Source, rid: string | undefined): number {
  if (source === 'screen') return 2_500_000;
  return cameraLayers.find((layer) => layer.rid === rid)?.maxBitrate ?? 1_700_000;
}

/** Puts the wished codec first and keeps the rest, with their repair streams, as fallback. */
function preferCodec(transceiver: RTCRtpTransceiver, codec: VideoCodec): void {
  const all = globalThis.RTCRtpSender?.getCapabilities?.('video')?.codecs;
  if (!all || !('setCodecPreferences' in transceiver)) return;
  const wanted = `video/${codec}`.toLowerCase();
  const first = all.filter((c) => c.mimeType.toLowerCase() === wanted);
  if (first.length === 0) return;
  try {
    transceiver.setCodecPreferences([...first, ...all.filter((c) => !first.includes(c))]);
  } catch {
    // Older browsers compare with what they can receive and refuse; their own order will do.
  }
}
