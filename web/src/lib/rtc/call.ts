import { type Pushes } from '../realtime/events.gen';
import { type RealtimeSocket } from '../realtime/socket';
import { type Demand, type Slot, type Source } from '../realtime/types';
import { RealtimeError } from '../realtime/wire';
import { Emitter, Store, type Readable } from '../store';
import { type ConnectionFactory } from './link';
import { LocalMedia } from './local';
import { markJoin } from './marks';
import { Monitor } from './monitor';
import { noticesOf, type Notice } from './notices';
import { CallRecording } from './recording';
import { isOver, lobby, reduce, type RoomAction, type RoomState } from './room';
import { RtcSession } from './session';
import { Views } from './views';

export type CallSocket = Pick<RealtimeSocket, 'call' | 'on' | 'status'>;

export interface CallEvents {
  notice: Notice;
  /** A host silenced one of our sources. */
  muted: { source: Source };
}

export interface CallOptions {
  socket: CallSocket;
  room: string;
  local?: LocalMedia;
  create?: ConnectionFactory;
}

const pushes = [
  'room.changed',
  'room.participant',
  'room.left',
  'room.ended',
  'room.speakers',
  'room.quality',
  'room.admitted',
  'room.denied',
  'room.kicked',
  'room.replaced',
] as const satisfies readonly (keyof Pushes)[];

const mediaRetries = 3;
const longestTimer = 86_400;

/**
 * One person's visit to one room: the seat, the media and the devices, from
 * the lobby to the goodbye. The seat outlives the socket: after a drop the
 * same room.join takes it again, and media is mended rather than restarted.
 */
export class Call {
  readonly room: string;
  readonly local: LocalMedia;
  readonly session: RtcSession;
  readonly views: Views;
  readonly monitor: Monitor;
  readonly recording: CallRecording;
  readonly #socket: CallSocket;
  readonly #state = new Store<RoomState>(lobby);
  readonly #audioOnly = new Store(false);
  readonly #events = new Emitter<CallEvents>();
  #ends: (() => void)[] = [];
  #connected = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #opens: ReturnType<typeof setTimeout> | undefined;

  constructor({ socket, room, local, create }: CallOptions) {
    this.#socket = socket;
    this.room = room;
    this.local = local ?? new LocalMedia();
    this.session = new RtcSession({
      signaling: {
        offer: async (sdp, tracks) => (await socket.call('rtc.offer', { room, sdp, tracks }, { timeout: 8_000 })).sdp,
        candidate: (candidate, mid, mline) => this.#tell('rtc.candidate', { room, candidate, mid, mline }),
      },
      early: {
        offer: async (sdp, tracks) => (await socket.call('early.offer', { room, sdp, tracks }, { timeout: 8_000 })).sdp,
        candidate: (candidate, mid, mline) => this.#tell('early.candidate', { candidate, mid, mline }),
      },
      rejoin: async () => void (await this.#takeSeat()),
      ...(create ? { create } : {}),
    });
    this.views = new Views({ send: (views) => this.#state.get().phase === 'in' && this.session.started && this.#tell('rtc.view', { room, views }) });
    this.monitor = new Monitor(this.session);
    this.recording = new CallRecording({ socket, room, self: () => this.#state.get().self?.id });
  }

  get state(): Readable<RoomState> {
    return this.#state;
  }

  get audioOnly(): Readable<boolean> {
    return this.#audioOnly;
  }

  on<K extends keyof CallEvents>(name: K, listener: (event: CallEvents[K]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** Begins to listen; `stop` ends everything this call holds. Both may be called again. */
  start(): void {
    if (this.#ends.length > 0) return;
    const { local, session } = this;
    this.#connected = this.#socket.status.get().state === 'open';
    this.#ends = [
      ...pushes.map((type) => this.#socket.on(type, (data) => this.#dispatch({ type: 'push', push: { type, data } as never }))),
      this.#socket.on('rtc.slots', ({ slots }) => session.slots(slots as Slot[])),
      this.#socket.on('rtc.demand', ({ demand }) => session.demand(demand as Demand[])),
      this.#socket.on('rtc.state', ({ state }) => session.serverState(state)),
      this.#socket.on('early.state', ({ state }) => this.#earlyEnded(state)),
      this.#socket.on('room.muted', ({ source }) => this.#mutedByHost(source as Source)),
      this.#socket.status.subscribe(() => this.#socketChanged()),
      local.on('track', ({ source, track }) => void session.setTrack(source, track).catch(() => undefined)),
      local.state.subscribe(() => this.#tellMedia()),
      watchNetwork(() => session.networkChanged()),
      watchPage(() => {
        this.views.changed();
        this.#connectEarly();
      }),
      this.recording.listen(),
    ];
    this.#connectEarly();
  }

  stop(): void {
    if (this.#seated() || this.#state.get().phase === 'joining') this.#tell('room.leave', { room: this.room });
    if (this.session.early) this.#tell('early.end', {});
    for (const end of this.#ends) end();
    this.#ends = [];
    this.#endMedia();
    this.views.close();
    this.#state.set(lobby);
  }

  /** Back to the lobby after the visit was over, to look once more and join again. */
  backToLobby(): void {
    if (!isOver(this.#state.get().phase)) return;
    this.#dispatch({ type: 'lobby' });
    this.#connectEarly();
  }

  /**
   * Asks for the seat, which takes the connection made in the lobby. Without one
   * it offers media in the same breath. Refusals end up in the state.
   */
  async join(): Promise<void> {
    const { phase } = this.#state.get();
    if (phase === 'joining' || phase === 'in' || phase === 'waiting') return;
    markJoin();
    this.#dispatch({ type: 'join' });
    const early = this.session.early;
    const seat = this.#takeSeat();
    const offer = early ? undefined : this.#startMedia();
    try {
      await seat;
    } catch (error) {
      this.#refused(error);
      return;
    }
    await offer;
    // An offer from the waiting room may be refused; being let in starts it again.
    if (this.#state.get().phase === 'in' && !this.session.started) this.#mediaAgain(0);
  }

  async leave(): Promise<void> {
    const { phase } = this.#state.get();
    if (isOver(phase) || phase === 'lobby') return;
    this.#dispatch({ type: 'left' });
    await this.#socket.call('room.leave', { room: this.room }, { timeout: 3_000, wait: false }).catch(() => undefined);
  }

  end = () => this.#socket.call('room.end', { room: this.room });
  admit = (participant: string) => this.#socket.call('room.admit', { room: this.room, participant });
  deny = (participant: string) => this.#socket.call('room.deny', { room: this.room, participant });
  kick = (participant: string) => this.#socket.call('room.kick', { room: this.room, participant });
  mute = (participant: string, source: Source) => this.#socket.call('room.mute', { room: this.room, participant, source });
  raiseHand = (raised: boolean) => this.#socket.call('room.hand', { room: this.room, raised });

  /** Voices only: our camera off, theirs not even sent to us. */
  async setAudioOnly(on: boolean): Promise<void> {
    this.#audioOnly.set(on);
    this.views.setAudioOnly(on);
    if (on && this.local.state.get().camera.on) await this.local.setCamera(false);
  }

  #seated(): boolean {
    const { phase } = this.#state.get();
    return phase === 'in' || phase === 'waiting';
  }

  #dispatch(action: RoomAction): void {
    const before = this.#state.get();
    const after = reduce(before, action);
    if (after === before) return;
    this.#state.set(after);
    for (const notice of noticesOf(before, after)) this.#events.emit('notice', notice);
    if (after.phase === before.phase) return;
    if (after.phase === 'in') this.#entered();
    else if (isOver(after.phase)) {
      this.#endMedia();
      this.recording.forget();
    }
  }

  #entered(): void {
    this.session.speak();
    this.monitor.start();
    this.views.repeat();
    this.#tellMedia();
    void this.recording.refresh();
    if (!this.session.started) this.#mediaAgain(0);
  }

  async #takeSeat(): Promise<void> {
    const joined = await this.#socket.call('room.join', { room: this.room });
    this.session.setIceServers(joined.iceServers);
    if (this.session.early && joined.early) this.session.adopted();
    else this.session.dropEarly();
    const { phase } = this.#state.get();
    if (isOver(phase) || phase === 'lobby') return; // left while the answer was on its way
    this.#dispatch({ type: 'joined', joined });
  }

  /** Connects while the person stands in the lobby, as soon as the room may be joined. */
  #connectEarly(): void {
    clearTimeout(this.#opens);
    if (this.#ends.length === 0 || this.#state.get().phase !== 'lobby' || document.visibilityState !== 'visible') return;
    this.session.connectEarly().catch((error: unknown) => {
      if (!(error instanceof RealtimeError) || error.code !== 'room_not_open') return;
      this.#opens = setTimeout(() => this.#connectEarly(), 1_000 * Math.min(Math.max(error.retryAfter ?? 1, 1), longestTimer));
    });
  }

  /** The server keeps an early connection for some minutes; a page that is looked at makes another. */
  #earlyEnded(state: string): void {
    this.session.dropEarly();
    if (state === 'closed') this.#connectEarly();
  }

  async #startMedia(): Promise<void> {
    await this.session.start().catch(() => undefined);
  }

  /** Tries to start media a few times; a lost socket is not counted, its return tries again. */
  #mediaAgain(tries: number): void {
    clearTimeout(this.#retry);
    void this.session.start().catch((error: unknown) => {
      if ((error instanceof RealtimeError && error.lost) || tries >= mediaRetries || !this.#seated()) return;
      this.#retry = setTimeout(() => this.#mediaAgain(tries + 1), 500 * 2 ** tries);
    });
  }

  #refused(error: unknown): void {
    this.session.close();
    const code = error instanceof RealtimeError ? error.code : 'unexpected';
    if (code === 'room_ended') this.#dispatch({ type: 'push', push: { type: 'room.ended', data: { room: this.room, reason: '' } } });
    else this.#dispatch({ type: 'refused', code });
  }

  #socketChanged(): void {
    const { state } = this.#socket.status.get();
    const open = state === 'open';
    if (open === this.#connected) return;
    this.#connected = open;
    if (open && this.#seated()) void this.#resume();
    else if (open) this.#connectEarly();
    else this.session.dropEarly(); // it ends with its socket
  }

  /** A new socket, the same seat: the answer is the whole truth about the room. */
  async #resume(): Promise<void> {
    try {
      await this.#takeSeat();
    } catch (error) {
      if (!(error instanceof RealtimeError && error.lost)) this.#refused(error);
      return;
    }
    if (this.#state.get().phase === 'in') void this.recording.refresh();
    if (this.session.started) this.session.signalingBack();
    else if (this.#state.get().phase === 'in') this.#mediaAgain(0);
    this.views.repeat();
    this.#told = ''; // the server may have begun anew
    this.#tellMedia();
  }

  #mutedByHost(source: Source): void {
    if (source === 'microphone') void this.local.setMicrophone(false);
    else if (source === 'camera') void this.local.setCamera(false);
    else this.local.stopScreen();
    this.#events.emit('muted', { source });
  }

  #told = '';
  #tellMedia(): void {
    if (this.#state.get().phase !== 'in') {
      this.#told = '';
      return;
    }
    const { microphone, camera, screen } = this.local.state.get();
    const data = { room: this.room, microphone: microphone.on, camera: camera.on, screen: screen.on };
    const text = JSON.stringify(data);
    if (text === this.#told && this.#connected) return;
    this.#told = text;
    this.#tell('room.media', data);
  }

  /** Says something whose answer nobody waits for and which a lost socket makes moot. */
  #tell(type: 'rtc.candidate' | 'early.candidate' | 'early.end' | 'rtc.view' | 'room.media' | 'room.leave', data: object): void {
    this.#socket.call(type, data as never, { wait: false }).catch(() => undefined);
  }

  #endMedia(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#opens);
    this.monitor.stop();
    this.session.close();
    this.local.close();
    this.#told = '';
    this.#audioOnly.set(false);
    this.views.setAudioOnly(false);
  }
}

/** Tells when the way out of this machine changed; estimates of its speed changing are not that. */
function watchNetwork(changed: () => void): () => void {
  const network = (navigator as Navigator & { connection?: EventTarget & { type?: string } }).connection;
  let type = network?.type;
  const onChange = () => {
    if (network?.type === type) return;
    type = network?.type;
    if (type !== 'none') changed();
  };
  network?.addEventListener?.('change', onChange);
  window.addEventListener('online', changed);
  return () => {
    network?.removeEventListener?.('change', onChange);
    window.removeEventListener('online', changed);
  };
}

function watchPage(changed: () => void): () => void {
  document.addEventListener('visibilitychange', changed);
  return () => document.removeEventListener('visibilitychange', changed);
}
