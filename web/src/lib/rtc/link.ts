import { type IceServer, type Slot, type TrackInfo } from '../realtime/types';
import { Publisher, type VideoCodec } from './publish';
import { withOpus } from './sdp';
import { Subscriber } from './subscribe';

export type ConnectionFactory = (config: RTCConfiguration) => RTCPeerConnection;

/** The two words a connection needs carried to the server. */
export interface Signaling {
  offer(sdp: string, tracks: TrackInfo[]): Promise<string>;
  candidate(candidate: string, mid: string, mline: number): void;
}

export interface LinkOptions {
  create: ConnectionFactory;
  signaling: Signaling;
  iceServers: readonly IceServer[];
  slots: { audio: number; video: number };
  codec: VideoCodec;
  onState: (state: RTCPeerConnectionState) => void;
}

const mostSlots = 24;

/**
 * One RTCPeerConnection from its first offer to its end. The client always
 * offers, so there is no glare; offers are made one after another. Whoever
 * owns a link decides when to restart ICE or to throw the link away.
 */
export class Link {
  readonly pc: RTCPeerConnection;
  readonly publisher: Publisher;
  readonly subscriber: Subscriber;
  readonly #options: LinkOptions;
  #queue: Promise<unknown> = Promise.resolve();
  #slots: { audio: number; video: number };
  /** Some offer was answered; from then on candidates are told as they are found. */
  #answered = false;
  #offered = false;
  #found: RTCIceCandidate[] = [];
  #growing = false;
  #closed = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#slots = { ...options.slots };
    this.pc = options.create(configuration(options.iceServers));
    this.publisher = new Publisher(this.pc, options.codec);
    this.subscriber = new Subscriber(this.pc, options.slots);
    this.pc.onicecandidate = ({ candidate }) => {
      // Before the first offer is sent, candidates travel inside it. Until it
      // is answered they wait: a server that refused it has no use for them.
      if (!this.#offered || this.#closed || !candidate) return;
      if (this.#answered) this.#tell(candidate);
      else this.#found.push(candidate);
    };
    this.pc.onconnectionstatechange = () => {
      if (!this.#closed) options.onState(this.pc.connectionState);
    };
  }

  /** Makes the certificate, sections and candidates ahead of time, so that joining is one question. */
  prepare(): Promise<void> {
    return this.#enqueue(async () => {
      if (this.pc.localDescription === null) await this.pc.setLocalDescription(await this.pc.createOffer());
    });
  }

  /** Offers what is there now. `restart` takes new ICE credentials: a new way to the same server. */
  negotiate(restart = false): Promise<void> {
    return this.#enqueue(async () => {
      const prepared = !this.#offered && this.pc.signalingState === 'have-local-offer' && !restart;
      if (!prepared) await this.pc.setLocalDescription(await this.pc.createOffer({ iceRestart: restart }));
      const local = this.pc.localDescription;
      if (!local) throw new Error('no local description');
      this.#offered = true;
      this.#found = []; // the description has them
      try {
        const profiles = this.publisher.opusProfiles();
        const answer = await this.#options.signaling.offer(withOpus(local.sdp, profiles), this.publisher.infos());
        if (this.#closed) return;
        await this.pc.setRemoteDescription({ type: 'answer', sdp: withOpus(answer, profiles) });
        this.subscriber.refresh();
        this.#answered = true;
        for (const candidate of this.#found.splice(0)) this.#tell(candidate);
      } catch (error) {
        // Nothing was agreed: back to the last agreement, so that the next
        // offer starts clean. Without one there is nothing to go back to.
        if (!this.#closed && this.pc.currentRemoteDescription) {
          await this.pc.setLocalDescription({ type: 'rollback' }).catch(() => undefined);
        }
        throw error;
      }
    });
  }

  /** Takes the server's mapping and, if it has more to show than sections, offers more. */
  async slots(slots: readonly Slot[]): Promise<void> {
    const missing = this.subscriber.apply(slots);
    const room = mostSlots - this.#slots.audio - this.#slots.video;
    const more = { video: Math.min(missing.video, room), audio: Math.min(missing.audio, Math.max(0, room - missing.video)) };
    // Before the first answer the server knows no section at all.
    if (!this.#answered || this.#growing || this.#closed || more.audio + more.video <= 0) return;
    this.#growing = true;
    try {
      this.subscriber.grow(more);
      this.#slots = { audio: this.#slots.audio + more.audio, video: this.#slots.video + more.video };
      await this.negotiate();
    } finally {
      this.#growing = false;
    }
  }

  /** Relays learnt after the first offer are used from the next gathering on. */
  setIceServers(servers: readonly IceServer[]): void {
    if (servers.length > 0) this.pc.setConfiguration(configuration(servers));
  }

  close(): void {
    this.#closed = true;
    this.pc.onicecandidate = null;
    this.pc.onconnectionstatechange = null;
    this.pc.close();
  }

  #tell({ candidate, sdpMid, sdpMLineIndex }: RTCIceCandidate): void {
    this.#options.signaling.candidate(candidate, sdpMid ?? '', sdpMLineIndex ?? 0);
  }

  #enqueue(step: () => Promise<void>): Promise<void> {
    const run = this.#queue.then(async () => {
      if (!this.#closed) await step();
    });
    this.#queue = run.catch(() => undefined);
    return run;
  }
}

function configuration(servers: readonly IceServer[]): RTCConfiguration {
  return {
    bundlePolicy: 'max-bundle',
    rtcpMuxPolicy: 'require',
    iceServers: servers.map(({ urls, username, credential }) => ({
      urls: [...urls],
      ...(username ? { username } : {}),
      ...(credential ? { credential } : {}),
    })),
  };
}
