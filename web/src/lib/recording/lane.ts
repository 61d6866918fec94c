import { type PlayTrack, type Span, type TimelineGap } from './model';
import { complement, merge, spanAt } from './spans';

/** The part of HTMLMediaElement a lane drives; tests bring their own. */
export interface Media {
  src: string;
  preload: string;
  currentTime: number;
  playbackRate: number;
  muted: boolean;
  volume: number;
  readonly readyState: number;
  readonly paused: boolean;
  readonly seeking: boolean;
  readonly ended: boolean;
  readonly duration: number;
  readonly error: { code: number } | null;
  play(): Promise<void>;
  pause(): void;
  load(): void;
  removeAttribute(name: string): void;
  addEventListener(type: string, listener: () => void): void;
  removeEventListener(type: string, listener: () => void): void;
}

/**
 * Chromium plays an audio file by counting samples: packets that are missing
 * in the middle pull all that follows forward (measured: a hole of 7 s makes
 * everything after it 7 s early). So a lane rests in a hole and seeks past it.
 */
const holeMs = 60;
/** Holes of video freeze the picture by themselves; only long ones are rests. */
const videoHoleMs = 1000;
/** A lane this near is fetched ahead, one this far is let go. */
const aheadMs = 12_000;
const letGoMs = 45_000;
/** An element asked to play begins about this much later. */
const startTakesMs = 30;
/** HAVE_FUTURE_DATA */
const enough = 3;
/** What a decoder may have left out at the end of a file. */
const tailMs = 150;

// Drift: leave small differences alone, pull larger ones in, leap over the rest.
const pullFrom = 20;
const pullUntil = 6;
const leapFrom = 250;
const leapPause = 700;

/** One stored track and the element that plays it. It obeys the player's clock. */
export class Lane {
  readonly track: PlayTrack;
  readonly media: Media;
  /** Where it has something to play, on the recording's clock. */
  readonly stretches: readonly Span[];
  /** Set when it cannot be played; the others go on. */
  fault: 'damaged' | undefined;

  #attached = false;
  #wanted: number | undefined;
  #pulling = false;
  #leaptAt = -leapPause;
  #stretch: Span | undefined;
  readonly #settled: () => void;

  constructor(track: PlayTrack, media: Media, gaps: readonly TimelineGap[] = []) {
    this.track = track;
    this.media = media;
    const own = { fromMs: track.startMs, toMs: track.startMs + track.durationMs };
    const least = track.kind === 'audio' ? holeMs : videoHoleMs;
    const holes = merge(gaps.filter((g) => g.track === track.id)).filter((g) => g.toMs - g.fromMs >= least);
    this.stretches = complement(holes, own);
    this.#settled = () => {
      if (this.#wanted === undefined || this.media.seeking) return;
      const wanted = this.#wanted;
      this.#wanted = undefined;
      this.media.currentTime = wanted;
    };
    media.addEventListener('seeked', this.#settled);
    media.addEventListener('loadedmetadata', this.#settled);
  }

  /** Whether it has something to play at a moment. */
  has(at: number): boolean {
    return this.fault === undefined && spanAt(this.stretches, at) !== undefined;
  }

  /** How far it is ahead of the clock, in milliseconds. */
  offset(at: number): number {
    return this.media.currentTime * 1000 + this.track.startMs - at;
  }

  /** Shorter than its entry says: nothing more will come. */
  #spent(at: number): boolean {
    const { media } = this;
    if (media.ended) return true;
    const local = at - this.track.startMs;
    return Number.isFinite(media.duration) && local >= media.duration * 1000 - tailMs;
  }

  /** Whether playing could go on now from `at`. */
  ready(at: number): boolean {
    if (!this.has(at) || this.#spent(at)) return true;
    return this.#attached && this.#wanted === undefined && !this.media.seeking && this.media.readyState >= enough;
  }

  /** Fetches what is near and lets go of what is far: a browser has few connections. */
  attend(at: number): void {
    const start = this.track.startMs;
    const end = start + this.track.durationMs;
    const near = this.fault === undefined && at >= start - aheadMs && at < end;
    const far = at < start - letGoMs || at > end + letGoMs;
    if (near && !this.#attached) {
      this.#attached = true;
      this.media.preload = 'auto';
      this.media.src = this.track.url;
      this.place(Math.max(at, start));
    } else if (far && this.#attached) {
      this.release();
    }
  }

  /** Brings the element to a moment; the newest wish wins while one is under way. */
  place(at: number): void {
    if (!this.#attached || this.fault) return;
    const local = Math.min(Math.max(0, at - this.track.startMs), this.track.durationMs) / 1000;
    if (this.media.seeking || this.media.readyState === 0) {
      this.#wanted = local;
    } else if (Math.abs(this.media.currentTime - local) > 0.001) {
      this.media.currentTime = local;
    }
  }

  /** Keeps to the clock while it runs. Says "blocked" when the browser wants a gesture first. */
  follow(at: number, rate: number, now: number, blocked: () => void): void {
    const { media } = this;
    const stretch = this.fault ? undefined : spanAt(this.stretches, at);
    const entered = stretch !== this.#stretch;
    this.#stretch = stretch;
    if (!stretch || this.#spent(at)) {
      this.#await(at, rate, blocked);
      return;
    }
    if (media.seeking || this.#wanted !== undefined || media.readyState < enough) return;
    const offset = this.offset(at);
    if (media.paused) {
      if (Math.abs(offset) > (entered ? pullFrom : leapFrom)) this.place(at);
      this.#start(rate, blocked);
      return;
    }
    this.#steer(at, offset, rate, now);
  }

  /** Waits at the next stretch, so that it begins without a seek, and a moment early. */
  #await(at: number, rate: number, blocked: () => void): void {
    const { media } = this;
    const next = this.fault ? undefined : this.stretches.find((s) => s.fromMs > at);
    const placed = next !== undefined && !media.seeking && media.readyState >= enough && Math.abs(this.offset(next.fromMs)) < pullFrom;
    if (placed && next.fromMs - at <= startTakesMs * rate) {
      if (media.paused) this.#start(rate, blocked);
      return;
    }
    if (!media.paused) media.pause();
    if (next && !placed && !media.seeking && next.fromMs - at < aheadMs) this.place(next.fromMs);
  }

  #start(rate: number, blocked: () => void): void {
    this.#pulling = false;
    this.media.playbackRate = rate;
    this.media.play().catch((cause: unknown) => {
      if (cause instanceof Error && cause.name === 'NotAllowedError') blocked();
    });
  }

  #steer(at: number, offset: number, rate: number, now: number): void {
    const size = Math.abs(offset);
    if (size > leapFrom) {
      if (now - this.#leaptAt < leapPause) return;
      this.#leaptAt = now;
      this.#pulling = false;
      this.place(at);
      return;
    }
    this.#pulling = size > (this.#pulling ? pullUntil : pullFrom);
    const pull = this.#pulling ? Math.sign(offset) * Math.min(0.05, Math.max(0.02, size / 1000)) : 0;
    const wanted = rate * (1 - pull);
    if (Math.abs(this.media.playbackRate - wanted) > 0.0005) this.media.playbackRate = wanted;
  }

  rest(): void {
    if (!this.media.paused) this.media.pause();
  }

  /** Asks for the file anew, after a refusal that may be over. */
  reload(at: number): void {
    this.#wanted = undefined;
    this.#attached = true;
    this.media.src = this.track.url;
    this.media.load();
    this.place(Math.max(at, this.track.startMs));
  }

  release(): void {
    this.#attached = false;
    this.#wanted = undefined;
    this.media.pause();
    this.media.removeAttribute('src');
    this.media.load(); // ends the request
  }

  end(): void {
    this.media.removeEventListener('seeked', this.#settled);
    this.media.removeEventListener('loadedmetadata', this.#settled);
    this.release();
  }
}
