import { type Demand, type IceServer, type Slot, type Source } from '../realtime/types';
import { Store, type Readable } from '../store';
import { backoff } from '../realtime/backoff';
import { RealtimeError } from '../realtime/wire';
import { Link, type ConnectionFactory, type Signaling } from './link';
import { type VideoCodec } from './publish';
import { type RemoteTracks } from './subscribe';

export interface SessionState {
  phase: 'new' | 'ready' | 'connecting' | 'connected' | 'interrupted' | 'closed';
  /** ICE restarts and rebuilds since media last flowed. */
  attempt: number;
}

export interface SessionOptions {
  signaling: Signaling;
  /** The same two words before there is a seat. */
  early?: Signaling;
  /** Takes the seat again before a rebuilt connection offers. */
  rejoin: () => Promise<void>;
  create?: ConnectionFactory;
  codec?: VideoCodec;
  slots?: { audio: number; video: number };
  random?: () => number;
}

const graceBeforeRestart = 1_000;
const graceAfterRestart = 3_000;
const restartsBeforeRebuild = 2;
const broken: ReadonlySet<RTCPeerConnectionState> = new Set(['disconnected', 'failed', 'closed']);

/**
 * The media of one call over any number of accidents. A short silence is left
 * alone; after a second ICE is restarted on the same connection; if that does
 * not help, a new connection takes the same seat. The last frames stay with
 * whoever shows them, because `remote` changes only when the server says so.
 */
export class RtcSession {
  readonly #options: SessionOptions;
  readonly #state = new Store<SessionState>({ phase: 'new', attempt: 0 });
  readonly #remote = new Store<RemoteTracks>(new Map());
  readonly #local = new Map<Source, MediaStreamTrack>();
  #link: Link | undefined;
  #unlink: (() => void) | undefined;
  #servers: readonly IceServer[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #recovering = false;
  #started = false;
  #early = false;
  #silent = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get state(): Readable<SessionState> {
    return this.#state;
  }

  get remote(): Readable<RemoteTracks> {
    return this.#remote;
  }

  get link(): Link | undefined {
    return this.#link;
  }

  /** Builds the connection while the person still looks at the preview. */
  async prepare(): Promise<void> {
    const { phase } = this.#state.get();
    if (phase !== 'new' && phase !== 'closed') return;
    this.#build();
    this.#phase('ready');
    await this.#link?.prepare();
  }

  /**
   * Connects before the person joins. Nothing is sent before `speak`, and the
   * server sends nothing. A refusal costs nothing: `start` offers as ever.
   */
  async connectEarly(): Promise<void> {
    await this.prepare();
    if (this.#started || this.early) return;
    const link = this.#link;
    if (!link) return;
    this.#early = this.#silent = true;
    for (const source of this.#local.keys()) link.publisher.replace(source, null).catch(() => undefined);
    try {
      await link.negotiate();
    } catch (error) {
      if (link === this.#link) this.#early = false;
      throw error;
    }
  }

  /** A connection was made, or is being made, that a seat can take. One that broke is thrown away here. */
  get early(): boolean {
    if (this.#early && (this.#link === undefined || broken.has(this.#link.pc.connectionState))) this.dropEarly();
    return this.#early;
  }

  /** The seat took the early connection: from here on it is the call's. */
  adopted(): void {
    this.#early = false;
    this.#started = true;
    this.#phase(this.#link?.pc.connectionState === 'connected' ? 'connected' : 'connecting');
  }

  /** No seat will take it: what `start` offers is a connection of its own. */
  dropEarly(): void {
    if (!this.#early) return;
    this.#early = false;
    this.#unbuild();
    this.#build();
  }

  /** Lets out what this person sends. Before that an early connection is silent. */
  speak(): void {
    if (!this.#silent) return;
    this.#silent = false;
    for (const [source, track] of this.#local) this.#link?.publisher.replace(source, track).catch(() => undefined);
  }

  /**
   * Offers. Call it in the same turn as room.join: the server answers frames
   * of one socket in order, so the two travel together.
   */
  async start(): Promise<void> {
    if (this.#started) return;
    this.#started = true;
    if (!this.#link) this.#build();
    if (this.#state.get().phase !== 'connected') this.#phase('connecting');
    try {
      await this.#link?.negotiate();
    } catch (error) {
      this.#started = false;
      throw error;
    }
  }

  get started(): boolean {
    return this.#started;
  }

  async setTrack(source: Source, track: MediaStreamTrack | null): Promise<void> {
    if (track) this.#local.set(source, track);
    else this.#local.delete(source);
    if (!this.#silent) await this.#link?.publisher.replace(source, track);
  }

  setIceServers(servers: readonly IceServer[]): void {
    this.#servers = servers;
    this.#link?.setIceServers(servers);
  }

  slots(slots: readonly Slot[]): void {
    this.#link?.slots(slots).catch(() => undefined);
  }

  demand(demand: readonly Demand[]): void {
    this.#link?.publisher.demand(demand).catch(() => undefined);
  }

  /** The way to the server may have changed (Wi-Fi to mobile): look for a new one before the old is missed. */
  networkChanged(): void {
    const { phase } = this.#state.get();
    if (this.#started && (phase === 'connected' || phase === 'interrupted')) void this.#recover(true);
  }

  /** The server's view of this connection, which may be blunter than ours. */
  serverState(state: string): void {
    if (!this.#started || state !== 'failed') return;
    void this.#recover(true);
  }

  /** The socket is back and the seat taken again: mend now if media is not flowing. */
  signalingBack(): void {
    if (this.#started && this.#state.get().phase !== 'connected') void this.#recover(true);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#started = this.#early = this.#silent = false;
    this.#unbuild();
    this.#local.clear();
    this.#remote.set(new Map());
    this.#state.set({ phase: 'closed', attempt: 0 });
  }

  #phase(phase: SessionState['phase'], attempt = this.#state.get().attempt): void {
    const now = this.#state.get();
    if (now.phase !== phase || now.attempt !== attempt) this.#state.set({ phase, attempt });
  }

  #build(): void {
    const link = new Link({
      create: this.#options.create ?? ((config) => new RTCPeerConnection(config)),
      signaling: {
        offer: (sdp, tracks) => this.#words().offer(sdp, tracks),
        candidate: (candidate, mid, mline) => this.#words().candidate(candidate, mid, mline),
      },
      iceServers: this.#servers,
      slots: this.#options.slots ?? { audio: 6, video: 6 },
      codec: this.#options.codec ?? 'VP8',
      onState: (state) => this.#changed(link, state),
    });
    this.#link = link;
    this.#unlink = link.subscriber.tracks.subscribe(() => this.#remote.set(link.subscriber.tracks.get()));
    if (this.#silent) return;
    for (const [source, track] of this.#local) link.publisher.replace(source, track).catch(() => undefined);
  }

  #words(): Signaling {
    return (this.#early && this.#options.early) || this.#options.signaling;
  }

  #unbuild(): void {
    this.#unlink?.();
    this.#link?.close();
    this.#link = undefined;
  }

  #changed(link: Link, state: RTCPeerConnectionState): void {
    if (link !== this.#link || !this.#started) return; // what breaks in the lobby is looked at when it is needed
    if (state === 'connected') {
      clearTimeout(this.#timer);
      this.#phase('connected', 0);
    } else if (state === 'disconnected' || state === 'failed') {
      this.#phase('interrupted');
      this.#schedule(state === 'failed' ? 0 : graceBeforeRestart);
    }
  }

  #schedule(delay: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#recover(false), delay);
  }

  /** One try to get media flowing again; it arranges the next try itself. */
  async #recover(force: boolean): Promise<void> {
    if (this.#recovering || this.#state.get().phase === 'closed') return;
    if (!force && this.#link?.pc.connectionState === 'connected') return;
    this.#recovering = true;
    clearTimeout(this.#timer);
    const attempt = this.#state.get().attempt + 1;
    try {
      if (attempt > restartsBeforeRebuild || !this.#link) await this.#rebuild();
      else await this.#link.negotiate(true);
      this.#later(attempt, graceAfterRestart);
    } catch (error) {
      // A dead socket is not a dead connection: `signalingBack` tries again.
      // A refusal is: the server no longer knows this connection.
      const refused = !(error instanceof RealtimeError && error.lost);
      this.#later(refused ? restartsBeforeRebuild : attempt - 1, backoff(attempt, this.#options.random, 1_000, 8_000));
    } finally {
      this.#recovering = false;
    }
  }

  #later(attempt: number, delay: number): void {
    const { phase } = this.#state.get();
    if (phase === 'closed') return;
    if (this.#link?.pc.connectionState === 'connected') {
      this.#phase('connected', 0);
      return;
    }
    this.#phase(phase, attempt);
    this.#schedule(delay);
  }

  async #rebuild(): Promise<void> {
    this.#unbuild();
    await this.#options.rejoin();
    this.#build();
    await this.#link?.negotiate();
  }
}
