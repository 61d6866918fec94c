import { Store, type Readable } from '../store';
import { type Slot, type Source } from '../realtime/types';
import { kindOf } from './publish';

/** One person's camera, screen or sound, as it arrives here. */
export interface RemoteTrack {
  participant: string;
  source: Source;
  mid: string;
  stream: MediaStream;
  track: MediaStreamTrack;
  /** Media is flowing; false leaves the last frame with a reason. */
  active: boolean;
  /** Layer now received and its size in pixels, 0 when unknown. */
  layer: string;
  width: number;
  height: number;
  reason: string;
}

export type RemoteTracks = ReadonlyMap<string, RemoteTrack>;

export function trackKey(participant: string, source: Source): string {
  return `${participant}/${source}`;
}

/**
 * The receiving half: media sections negotiated ahead, which the server fills
 * with whoever should be seen and heard. A slot's MediaStream lives as long
 * as the section, so a change of speaker does not even touch the video element.
 */
export class Subscriber {
  readonly #pc: RTCPeerConnection;
  readonly #streams = new Map<string, MediaStream>();
  readonly #tracks = new Store<RemoteTracks>(new Map());
  #slots: readonly Slot[] = [];

  constructor(pc: RTCPeerConnection, slots: { audio: number; video: number }) {
    this.#pc = pc;
    this.grow(slots);
  }

  get tracks(): Readable<RemoteTracks> {
    return this.#tracks;
  }

  /** Adds sections; they exist for the server after the next offer. */
  grow(slots: { audio: number; video: number }): void {
    for (let i = 0; i < slots.audio; i++) this.#pc.addTransceiver('audio', { direction: 'recvonly' });
    for (let i = 0; i < slots.video; i++) this.#pc.addTransceiver('video', { direction: 'recvonly' });
  }

  /** Takes the whole mapping. @returns how many more sections of each kind it needs. */
  apply(slots: readonly Slot[]): { audio: number; video: number } {
    this.#slots = slots;
    const next = new Map<string, RemoteTrack>();
    const missing = { audio: 0, video: 0 };
    for (const slot of slots) {
      if (slot.participant === '') continue;
      if (slot.mid === '') {
        missing[kindOf(slot.source)]++;
        continue;
      }
      const remote = this.#remote(slot);
      if (remote) next.set(trackKey(slot.participant, slot.source), remote);
    }
    this.#tracks.set(next);
    return missing;
  }

  /** Looks again after a description was set: mids may only now have their section. */
  refresh(): void {
    // Without a mapping there is nothing to say, and the last frames may stay.
    if (this.#slots.length > 0) this.apply(this.#slots);
  }

  #remote(slot: Slot): RemoteTrack | undefined {
    const transceiver = this.#pc.getTransceivers().find((t) => t.mid === slot.mid);
    const track = transceiver?.receiver.track;
    if (!transceiver || !track || track.kind !== kindOf(slot.source)) return undefined;
    let stream = this.#streams.get(slot.mid);
    if (!stream) {
      stream = new MediaStream([track]);
      this.#streams.set(slot.mid, stream);
    }
    const { participant, source, mid, active, layer, width, height, reason } = slot;
    return { participant, source, mid, stream, track, active, layer, width, height, reason };
  }
}
