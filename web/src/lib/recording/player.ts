import { Emitter, Store, type Readable } from '../store';
import { Lane, type Media } from './lane';
import { type PlayTrack, type Span, type TimelineGap } from './model';
import { spanAt } from './spans';

export const rates = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2] as const;

export type Status =
  | 'paused'
  | 'playing'
  /** Wants to play; a lane is not ready. */
  | 'waiting'
  /** The browser refuses sound before a gesture. */
  | 'blocked'
  | 'ended'
  /** The right to watch is over; nothing plays any more. */
  | 'gone';

export interface PlayerState {
  status: Status;
  rate: number;
  volume: number;
  /** People one does not want to hear. */
  silenced: readonly string[];
  skipSilence: boolean;
  /** Tracks the clock waits for, when it has waited long enough to say so. */
  waitingFor: readonly string[];
  /** Tracks that cannot be played. */
  faulty: readonly string[];
}

/** Why a lane failed, as its owner finds out by asking the server. */
export type Diagnosis = 'retry' | 'damaged' | 'gone' | 'offline';

export interface PlayerOptions {
  tracks: readonly PlayTrack[];
  gaps: readonly TimelineGap[];
  range: Span;
  silences: readonly Span[];
  media: (track: PlayTrack) => Media;
  diagnose: (track: PlayTrack) => Promise<Diagnosis>;
  /** Monotonic milliseconds. */
  now: () => number;
  /** Calls again and again; the result ends it. */
  every: (ms: number, tick: () => void) => () => void;
}

interface Events {
  /** What really played, as it plays. */
  played: Span;
  /** Playing stopped: paused, held, at the end. */
  rested: undefined;
}

const tickMs = 25;
/** A lane may stumble this long before all wait for it. */
const graceMs = 120;
/** Before a spinner says whose fault the waiting is. */
const sayMs = 350;
/** Elements start a little apart; after this the clock takes the middle of them. */
const settleMs = 150;
/** A tick this late means the machine slept; the elements know better than the clock. */
const lateMs = 1000;
const retries = 3;
const defaultFrameMs = 1000 / 30;

/**
 * Plays all tracks of a recording on one clock. The clock is the wall's, from
 * an anchor; each lane is held to it by small changes of speed or by a seek,
 * and while a lane has nothing to play from, the clock stands still for all.
 */
export class Player {
  readonly lanes: readonly Lane[];
  readonly range: Span;
  readonly #o: PlayerOptions;
  readonly #state: Store<PlayerState>;
  readonly #position: Store<number>;
  readonly #events = new Emitter<Events>();
  readonly #listeners: (() => void)[] = [];
  readonly #tries = new Map<string, number>();
  readonly #late = new Set<ReturnType<typeof setTimeout>>();

  #wants = false;
  /** The clock runs: position = at + (now − since) × rate. */
  #anchor: { at: number; since: number } | undefined;
  #at: number;
  #lastTick = 0;
  #unreadySince = new Map<string, number>();
  #settleAt: number | undefined;
  #stop: (() => void) | undefined;
  #ended = false;

  constructor(options: PlayerOptions) {
    this.#o = options;
    this.range = options.range;
    this.#at = options.range.fromMs;
    this.#position = new Store(this.#at);
    this.#state = new Store<PlayerState>({
      status: 'paused',
      rate: 1,
      volume: 1,
      silenced: [],
      skipSilence: false,
      waitingFor: [],
      faulty: [],
    });
    this.lanes = options.tracks.map((track) => new Lane(track, options.media(track), options.gaps));
    for (const lane of this.lanes) {
      const failed = () => void this.#failed(lane);
      lane.media.addEventListener('error', failed);
      this.#listeners.push(() => lane.media.removeEventListener('error', failed));
    }
    this.#applySound();
    this.#attend();
  }

  get state(): Readable<PlayerState> {
    return this.#state;
  }

  /** Where the recording stands, in milliseconds; it moves about forty times a second. */
  get position(): Readable<number> {
    return this.#position;
  }

  on<K extends keyof Events>(name: K, listener: (event: Events[K]) => void): () => void {
    return this.#events.on(name, listener);
  }

  lane(track: string): Lane | undefined {
    return this.lanes.find((l) => l.track.id === track);
  }

  play(): void {
    if (this.#over) return;
    if (this.#at >= this.range.toMs - 1) this.#move(this.range.fromMs);
    this.#wants = true;
    this.#hold();
    this.#run();
    this.#tick();
  }

  pause(): void {
    if (this.#over) return;
    this.#advance();
    this.#wants = false;
    this.#halt();
    this.#set({ status: 'paused', waitingFor: [] });
    // What is shown is the moment the clock names, in all lanes.
    this.#move(this.#at);
  }

  toggle(): void {
    if (this.#wants) this.pause();
    else this.play();
  }

  seek(at: number): void {
    if (this.#over) return;
    this.#advance();
    this.#move(at);
    if (this.#wants) {
      this.#hold();
      this.#tick();
    } else if (this.#state.get().status === 'ended') {
      this.#set({ status: 'paused' });
    }
  }

  skip(by: number): void {
    this.seek(this.#now() + by);
  }

  setRate(rate: number): void {
    this.#advance();
    if (this.#anchor) this.#anchor = { at: this.#at, since: this.#o.now() };
    this.#set({ rate: Math.min(2, Math.max(0.5, rate)) });
  }

  setSkipSilence(on: boolean): void {
    this.#set({ skipSilence: on });
  }

  setVolume(volume: number): void {
    this.#set({ volume: Math.min(1, Math.max(0, volume)) });
    this.#applySound();
  }

  silence(person: string, on: boolean): void {
    const { silenced } = this.#state.get();
    this.#set({ silenced: on ? [...new Set([...silenced, person])] : silenced.filter((p) => p !== person) });
    this.#applySound();
  }

  /** Shows the next or previous picture of a track, and stays there. */
  async step(direction: 1 | -1, track: string | undefined): Promise<void> {
    if (this.#over) return;
    if (this.#wants) this.pause();
    const lane = track === undefined ? undefined : this.lane(track);
    const video = lane && lane.has(this.#at) ? frameSource(lane.media) : undefined;
    if (!video) {
      this.seek(this.#at + direction * defaultFrameMs);
      return;
    }
    // The length of a picture is not known; half of one at a time, until
    // another is shown.
    const before = video.shown();
    const from = this.#at;
    for (let n = 1; n <= 8; n++) {
      this.seek(from + (direction * n * defaultFrameMs) / 2);
      const shown = await video.next();
      if (shown !== undefined && before !== undefined && Math.abs(shown - before) > 0.001) break;
      if (n >= 2 && before === undefined) break;
    }
  }

  /** No more media: whoever owns the player has left, or lost the right to watch. */
  end(): void {
    if (this.#ended) return;
    this.#advance();
    this.#wants = false;
    this.#halt();
    this.#ended = true;
    for (const timer of this.#late) clearTimeout(timer);
    for (const off of this.#listeners) off();
    for (const lane of this.lanes) lane.end();
  }

  get #over(): boolean {
    return this.#ended || this.#state.get().status === 'gone';
  }

  #set(change: Partial<PlayerState>): void {
    const was = this.#state.get();
    const keys = Object.keys(change) as (keyof PlayerState)[];
    if (keys.every((k) => same(was[k], change[k]))) return;
    this.#state.set({ ...was, ...change });
  }

  #applySound(): void {
    const { volume, silenced } = this.#state.get();
    for (const { media, track } of this.lanes) {
      media.muted = track.kind === 'video' || silenced.includes(track.person);
      media.volume = volume;
    }
  }

  /** Where the clock stands now. */
  #now(): number {
    if (!this.#anchor) return this.#at;
    const at = this.#anchor.at + (this.#o.now() - this.#anchor.since) * this.#state.get().rate;
    return Math.min(at, this.range.toMs);
  }

  /** Takes the clock's progress into the books. */
  #advance(): void {
    if (!this.#anchor) return;
    const now = this.#o.now();
    let at = this.#now();
    if (now - this.#lastTick > lateMs) at = this.#believed(at);
    this.#lastTick = now;
    if (at > this.#at) this.#events.emit('played', { fromMs: this.#at, toMs: at });
    this.#at = at;
    this.#position.set(at);
  }

  /** After a late tick: as far as the elements really came. */
  #believed(at: number): number {
    const offsets = this.#offsets(at);
    const real = offsets.length > 0 ? at + middle(offsets) : this.#at + lateMs * this.#state.get().rate;
    const believed = Math.max(this.#at, Math.min(at, real));
    this.#anchor = { at: believed, since: this.#o.now() };
    return believed;
  }

  #offsets(at: number): number[] {
    return this.lanes.filter((l) => l.has(at) && !l.media.paused && !l.media.seeking && !l.media.ended).map((l) => l.offset(at));
  }

  /** To another moment, all lanes; the clock stands. */
  #move(to: number): void {
    this.#at = Math.min(Math.max(to, this.range.fromMs), this.range.toMs);
    if (this.#anchor) this.#anchor = { at: this.#at, since: this.#o.now() };
    this.#position.set(this.#at);
    this.#attend();
    for (const lane of this.lanes) if (lane.has(this.#at)) lane.place(this.#at);
  }

  #attend(): void {
    for (const lane of this.lanes) lane.attend(this.#at);
  }

  #run(): void {
    this.#stop ??= this.#o.every(tickMs, () => this.#tick());
  }

  #halt(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#still();
    this.#events.emit('rested', undefined);
  }

  /** The clock stands and so do the elements. */
  #still(): void {
    this.#anchor = undefined;
    this.#settleAt = undefined;
    for (const lane of this.lanes) lane.rest();
  }

  #hold(): void {
    this.#still();
    this.#unreadySince.clear();
    this.#set({ status: 'waiting', waitingFor: [] });
  }

  #tick(): void {
    if (!this.#wants || this.#over) return;
    const now = this.#o.now();
    if (this.#anchor) this.#advance();
    if (this.#at >= this.range.toMs - 1) {
      this.#wants = false;
      this.#halt();
      this.#set({ status: 'ended', waitingFor: [] });
      return;
    }
    this.#attend();
    if (this.#leap()) return;

    const unready = this.#unready(now);
    if (!this.#anchor) {
      if (unready.length > 0) {
        // A lane that was let go of, or fell behind, is placed again.
        for (const { lane } of unready) if (!lane.media.seeking) lane.place(this.#at);
        this.#set({ waitingFor: unready.filter((u) => u.ms >= sayMs).map((u) => u.lane.track.id) });
        return;
      }
      this.#go(now);
    } else if (unready.some((u) => u.ms >= graceMs)) {
      const since = new Map(this.#unreadySince);
      this.#hold();
      this.#unreadySince = since;
      this.#events.emit('rested', undefined);
      return;
    }
    this.#settle(now);
    const { rate } = this.#state.get();
    for (const lane of this.lanes) lane.follow(this.#at, rate, now, this.#blocked);
  }

  #unready(now: number): { lane: Lane; ms: number }[] {
    const out: { lane: Lane; ms: number }[] = [];
    for (const lane of this.lanes) {
      if (lane.ready(this.#at)) {
        this.#unreadySince.delete(lane.track.id);
        continue;
      }
      const since = this.#unreadySince.get(lane.track.id) ?? now;
      this.#unreadySince.set(lane.track.id, since);
      out.push({ lane, ms: now - since });
    }
    return out;
  }

  #go(now: number): void {
    this.#anchor = { at: this.#at, since: now };
    this.#lastTick = now;
    this.#settleAt = now + settleMs;
    this.#set({ status: 'playing', waitingFor: [] });
  }

  /** Once after a start: the clock joins the elements, not the other way about. */
  #settle(now: number): void {
    if (this.#settleAt === undefined || now < this.#settleAt || !this.#anchor) return;
    this.#settleAt = undefined;
    const offsets = this.#offsets(this.#at);
    if (offsets.length === 0) return;
    const shift = middle(offsets);
    if (Math.abs(shift) < 250) this.#anchor = { at: this.#anchor.at + shift, since: this.#anchor.since };
  }

  /** Over a silence, when that is wanted; true if it leapt. */
  #leap(): boolean {
    if (!this.#state.get().skipSilence) return false;
    const quiet = spanAt(this.#o.silences, this.#at);
    if (!quiet || quiet.toMs - this.#at < 600) return false;
    this.#move(quiet.toMs);
    this.#hold();
    return true;
  }

  readonly #blocked = (): void => {
    if (!this.#wants) return;
    this.#wants = false;
    this.#halt();
    this.#set({ status: 'blocked', waitingFor: [] });
  };

  async #failed(lane: Lane): Promise<void> {
    if (this.#over || lane.fault || !lane.media.error) return;
    const { track } = lane;
    const tries = (this.#tries.get(track.id) ?? 0) + 1;
    this.#tries.set(track.id, tries);
    const found = await this.#o.diagnose(track);
    if (this.#over) return;
    if (found === 'gone') {
      this.#gone();
    } else if (found === 'damaged' || (found === 'retry' && tries > retries)) {
      lane.fault = 'damaged';
      lane.release();
      this.#set({ faulty: [...this.#state.get().faulty, track.id] });
    } else {
      // Offline asks again and again, ever more slowly; the clock waits.
      const timer = setTimeout(
        () => {
          this.#late.delete(timer);
          if (!this.#over) lane.reload(this.#at);
        },
        found === 'retry' ? 200 : Math.min(10_000, 500 * 2 ** tries),
      );
      this.#late.add(timer);
    }
  }

  /** The right to watch is over: said by the server, for a file or for a report. */
  revoke(): void {
    if (!this.#over) this.#gone();
  }

  #gone(): void {
    this.#wants = false;
    this.#halt();
    for (const lane of this.lanes) lane.release();
    this.#set({ status: 'gone', waitingFor: [] });
  }
}

function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((v, i) => v === b[i]);
  return Object.is(a, b);
}

/** The median; of an even number the mean of the two in the middle. */
function middle(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? upper) + upper) / 2;
}

interface FrameSource {
  shown(): number | undefined;
  /** The media time of the next picture shown; undefined when none comes. */
  next(): Promise<number | undefined>;
}

const framePatience = 250;
const lastShown = new WeakMap<object, number>();

/** Where the browser tells which picture is shown. */
function frameSource(media: Media): FrameSource | undefined {
  const video = media as Media & Partial<Pick<HTMLVideoElement, 'requestVideoFrameCallback' | 'cancelVideoFrameCallback'>>;
  if (!video.requestVideoFrameCallback) return undefined;
  return {
    shown: () => lastShown.get(media),
    next: () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => {
          if (handle !== undefined) video.cancelVideoFrameCallback?.(handle);
          resolve(undefined);
        }, framePatience);
        const handle = video.requestVideoFrameCallback?.((_, { mediaTime }) => {
          clearTimeout(timer);
          lastShown.set(media, mediaTime);
          resolve(mediaTime);
        });
      }),
  };
}
