import { Emitter, Store, type Readable } from '../store';
import { backoff } from './backoff';
import { closePolicy, type Ended } from './close';
import { type Pushes, type Requests } from './events.gen';
import { Topics } from './topics';
import { local, parseFrame, RealtimeError, type HelloReply, type SocketUser, type TopicState } from './wire';

/** What the page shows about the socket. */
export interface SocketStatus {
  state: 'idle' | 'connecting' | 'open' | 'waiting' | 'ended';
  /** Tries since it was last open. */
  attempt: number;
  /** Why it ended for good. */
  ended?: Ended;
  user?: SocketUser;
}

type RequestType = keyof Requests & string;
type PushType = keyof Pushes & string;

interface Pending {
  resolve: (data: unknown) => void;
  reject: (error: RealtimeError) => void;
}

export interface SocketOptions {
  url: string;
  /** Bearer for pages without cookies; undefined means the cookie speaks. */
  token?: string;
  connect?: (url: string, protocol: string) => WebSocket;
  random?: () => number;
  /** Tells when the network or the tab comes back. */
  wakeups?: (wake: () => void) => () => void;
}

export interface CallOptions {
  /** Milliseconds until the caller is told `timeout`; includes waiting for the socket to open. */
  timeout?: number;
  signal?: AbortSignal;
  /** False: fail at once when the socket is not open, for words that are stale a second later. */
  wait?: boolean;
}

const protocol = 'mentara.v1';
const dialTimeout = 8_000;
const helloTimeout = 8_000;
const probeTimeout = 3_000;

/**
 * The one WebSocket of this tab. It says hello, resumes its topics where they
 * stood, answers each request exactly once (with the server's word or with
 * `disconnected`/`timeout`), and comes back by itself unless a close code says
 * that coming back is no use. It knows no room and no React.
 */
export class RealtimeSocket {
  readonly #options: SocketOptions;
  readonly #status = new Store<SocketStatus>({ state: 'idle', attempt: 0 });
  readonly #pushes = new Emitter<Pushes>();
  readonly #topics = new Topics();
  readonly #pending = new Map<number, Pending>();
  #ws: WebSocket | undefined;
  #nextId = 1;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #beat: ReturnType<typeof setTimeout> | undefined;
  #heartbeat = 15_000;
  #sleep: (() => void) | undefined;

  constructor(options: SocketOptions) {
    this.#options = options;
  }

  get status(): Readable<SocketStatus> {
    return this.#status;
  }

  /** Opens the socket and keeps it open until `close`. Calling it twice is harmless. */
  open(): void {
    const { state } = this.#status.get();
    if (state !== 'idle' && state !== 'ended') return;
    this.#sleep ??= this.#options.wakeups?.(() => this.wake());
    this.#status.set({ state: 'connecting', attempt: 0 });
    this.#dial();
  }

  close(): void {
    this.#sleep?.();
    this.#sleep = undefined;
    clearTimeout(this.#retry);
    this.#drop(1000);
    this.#status.set({ state: 'idle', attempt: 0 });
  }

  /**
   * The network or the tab came back: dial now instead of at the end of a
   * back-off, and check at once a socket that may be dead without knowing.
   */
  wake(): void {
    const { state } = this.#status.get();
    if (state === 'waiting') {
      clearTimeout(this.#retry);
      this.#dial();
    } else if (state === 'open') this.#probe();
  }

  on<K extends PushType>(type: K, listener: (data: Pushes[K]) => void): () => void {
    return this.#pushes.on(type, listener);
  }

  /** Asks and waits for the one reply. Rejects with RealtimeError, always. */
  async call<K extends RequestType>(type: K, data: Requests[K]['request'], options: CallOptions = {}): Promise<Requests[K]['response']> {
    return (await this.#ask(type, data, options)) as Requests[K]['response'];
  }

  /**
   * Follows a topic until the returned function is called. `onLost` means
   * frames were missed for good: fetch the whole truth again.
   */
  subscribe(topic: string, onLost?: () => void): () => void {
    const { first, remove } = this.#topics.add(topic, onLost);
    if (first && this.#status.get().state === 'open') this.#place(topic);
    return () => {
      if (remove() && this.#status.get().state === 'open') {
        this.#ask('topic.unsubscribe', { topic }, { wait: false }).catch(() => undefined);
      }
    };
  }

  async #ask(type: string, data: unknown, { timeout = 10_000, signal, wait = true }: CallOptions): Promise<unknown> {
    const deadline = Date.now() + timeout;
    if (this.#status.get().state !== 'open') {
      if (!wait) throw local.disconnected();
      await this.#opened(timeout, type, signal);
    }
    return this.#send(type, data, deadline - Date.now(), signal);
  }

  #opened(timeout: number, type: string, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error?: RealtimeError) => {
        clearTimeout(timer);
        off();
        signal?.removeEventListener('abort', abort);
        if (error) reject(error);
        else resolve();
      };
      const abort = () => done(local.aborted());
      const timer = setTimeout(() => done(local.timeout(type)), timeout);
      const off = this.#status.subscribe(() => {
        const { state } = this.#status.get();
        if (state === 'open') done();
        else if (state === 'ended' || state === 'idle') done(local.disconnected());
      });
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort);
      if (this.#status.get().state === 'ended') done(local.disconnected());
    });
  }

  #send(type: string, data: unknown, timeout: number, signal?: AbortSignal): Promise<unknown> {
    const ws = this.#ws;
    if (!ws || ws.readyState !== 1) return Promise.reject(local.disconnected());
    if (signal?.aborted) return Promise.reject(local.aborted());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        this.#pending.delete(id);
        signal?.removeEventListener('abort', abort);
      };
      const fail = (error: RealtimeError) => {
        settle();
        reject(error);
      };
      const abort = () => fail(local.aborted());
      const timer = setTimeout(() => fail(local.timeout(type)), Math.max(0, timeout));
      signal?.addEventListener('abort', abort);
      this.#pending.set(id, {
        resolve: (value) => {
          settle();
          resolve(value);
        },
        reject: fail,
      });
      ws.send(JSON.stringify({ id, type, data }));
    });
  }

  #dial(): void {
    clearTimeout(this.#retry);
    this.#drop(1000);
    this.#status.update((s) => ({ ...s, state: 'connecting' }));
    const connect = this.#options.connect ?? ((url, p) => new WebSocket(url, p));
    const ws = connect(this.#options.url, protocol);
    this.#ws = ws;
    ws.onopen = () => void this.#hello(ws);
    ws.onmessage = (message) => this.#receive(message.data);
    ws.onclose = (event) => this.#lost(ws, event.code);
    // A dial through a dead network can hang for minutes without a word.
    this.#retry = setTimeout(() => {
      if (ws.readyState === 0) this.#lost(ws, 1006);
    }, dialTimeout);
  }

  async #hello(ws: WebSocket): Promise<void> {
    const { resume, fresh } = this.#topics.positions();
    try {
      const data = { resume, ...(this.#options.token === undefined ? {} : { token: this.#options.token }) };
      const reply = (await this.#send('hello', data, helloTimeout)) as HelloReply;
      if (ws !== this.#ws) return;
      this.#heartbeat = reply.heartbeat > 0 ? reply.heartbeat : this.#heartbeat;
      for (const [topic, state] of Object.entries(reply.topics ?? {})) this.#topics.place(topic, state, true);
      this.#status.set({ state: 'open', attempt: 0, user: reply.user });
      for (const topic of fresh) this.#place(topic);
      // A topic whose position the server would not even discuss is gone from
      // this connection; ask for it by name so its owner hears about it.
      for (const topic of Object.keys(resume)) if (!reply.topics?.[topic]) this.#place(topic);
      this.#scheduleBeat();
    } catch {
      if (ws === this.#ws) this.#lost(ws, 4408);
    }
  }

  #place(topic: string): void {
    const at = this.#topics.position(topic);
    this.#ask('topic.subscribe', { topic, ...at }, { wait: false }).then(
      (state) => this.#topics.place(topic, state as TopicState, at !== undefined),
      () => undefined, // lost with the socket, which will place it again; or refused, and then nothing comes
    );
  }

  #receive(text: unknown): void {
    const frame = parseFrame(text);
    if (!frame) return;
    this.#scheduleBeat();
    if ('re' in frame) {
      const pending = this.#pending.get(frame.re);
      if (!pending) return;
      if (frame.error) pending.reject(new RealtimeError(frame.error));
      else pending.resolve(frame.data ?? {});
      return;
    }
    if (frame.topic !== undefined && frame.offset !== undefined) {
      const verdict = this.#topics.receive(frame.topic, frame.offset);
      if (verdict === 'duplicate') return;
      if (verdict === 'gap') {
        this.#place(frame.topic);
        return;
      }
    }
    this.#pushes.emit(frame.type as PushType, frame.data as never);
  }

  #scheduleBeat(): void {
    clearTimeout(this.#beat);
    if (this.#status.get().state !== 'open') return;
    this.#beat = setTimeout(() => this.#probe(), this.#heartbeat);
  }

  /** A ping that must be answered soon; silence means the socket only looks open. */
  #probe(): void {
    const ws = this.#ws;
    if (!ws) return;
    this.#send('ping', {}, probeTimeout).catch((error: RealtimeError) => {
      if (ws === this.#ws && error.code === 'timeout') this.#lost(ws, 1006);
    });
  }

  #lost(ws: WebSocket, code: number): void {
    if (ws !== this.#ws) return;
    this.#drop(1000);
    const policy = closePolicy(code);
    if (!policy.reconnect) {
      this.#status.set({ state: 'ended', attempt: 0, ended: policy.why });
      return;
    }
    const { attempt, user } = this.#status.get();
    this.#status.set({ state: 'waiting', attempt: attempt + 1, ...(user ? { user } : {}) });
    const wait = policy.after + backoff(attempt, this.#options.random);
    this.#retry = setTimeout(() => this.#dial(), wait);
  }

  /** Lets go of the current socket at once; a dead one may take minutes to say it closed. */
  #drop(code: number): void {
    const ws = this.#ws;
    this.#ws = undefined;
    clearTimeout(this.#beat);
    if (ws) {
      ws.onopen = ws.onmessage = ws.onclose = null;
      if (ws.readyState <= 1) ws.close(code);
    }
    for (const pending of [...this.#pending.values()]) pending.reject(local.disconnected());
  }
}

/** When the browser comes back online or the tab to the front. */
export function browserWakeups(wake: () => void): () => void {
  const visible = () => {
    if (document.visibilityState === 'visible') wake();
  };
  window.addEventListener('online', wake);
  window.addEventListener('pageshow', wake);
  document.addEventListener('visibilitychange', visible);
  return () => {
    window.removeEventListener('online', wake);
    window.removeEventListener('pageshow', wake);
    document.removeEventListener('visibilitychange', visible);
  };
}

export function socketUrl(page: Location): string {
  return `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}/api/v1/socket`;
}
