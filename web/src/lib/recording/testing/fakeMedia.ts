import { type Media } from '../lane';

/** Time that passes only when told to, for a player and its elements. */
export class FakeTime {
  ms = 0;
  readonly #ticks: { every: number; next: number; run: () => void }[] = [];
  readonly media: FakeMedia[] = [];

  now = (): number => this.ms;

  every = (ms: number, run: () => void): (() => void) => {
    const tick = { every: ms, next: this.ms + ms, run };
    this.#ticks.push(tick);
    return () => void this.#ticks.splice(this.#ticks.indexOf(tick), 1);
  };

  /** Ten milliseconds at a time: elements first, then whoever waits for a tick. */
  async pass(ms: number): Promise<void> {
    for (const end = this.ms + ms; this.ms < end; ) {
      this.ms += 10;
      for (const m of this.media) m.advance(10);
      for (const tick of [...this.#ticks]) {
        if (this.ms >= tick.next) {
          tick.next = this.ms + tick.every;
          tick.run();
        }
      }
      await Promise.resolve();
    }
  }
}

/** An element with a clock of its own, which may run fast, start late or starve. */
export class FakeMedia implements Media {
  src = '';
  preload = 'none';
  playbackRate = 1;
  muted = false;
  volume = 1;
  paused = true;
  seeking = false;
  ended = false;
  error: { code: number } | null = null;
  readyState = 0;
  readonly duration: number;
  /** How its own clock errs: 1.001 is one in a thousand fast. */
  drift = 1;
  startsAfter = 20;
  seekTakes = 30;
  starved = false;
  refuses = false;
  seeks = 0;
  #at = 0;
  #wait = 0;
  #seek = 0;
  readonly #listeners = new Map<string, Set<() => void>>();

  constructor(durationMs: number) {
    this.duration = durationMs / 1000;
  }

  get currentTime(): number {
    return this.#at;
  }

  set currentTime(seconds: number) {
    this.#at = seconds;
    this.ended = false;
    this.seeking = true;
    this.seeks++;
    this.#seek = this.seekTakes;
  }

  advance(ms: number): void {
    if (this.src !== '' && this.readyState === 0 && !this.starved && !this.error) {
      this.readyState = 4;
      this.#tell('loadedmetadata');
    }
    if (this.seeking) {
      this.#seek -= ms;
      if (this.#seek > 0 || this.starved) return;
      this.seeking = false;
      this.#tell('seeked');
    }
    if (this.readyState > 0) this.readyState = this.starved ? 2 : 4;
    if (this.paused || this.starved || this.ended) return;
    if ((this.#wait -= ms) > 0) return;
    this.#at = Math.min(this.duration, this.#at + (ms / 1000) * this.playbackRate * this.drift);
    if (this.#at >= this.duration) this.ended = true;
  }

  play(): Promise<void> {
    if (this.refuses) return Promise.reject(new DOMException('no', 'NotAllowedError'));
    if (this.paused) this.#wait = this.startsAfter;
    this.paused = false;
    return Promise.resolve();
  }

  pause(): void {
    this.paused = true;
  }

  load(): void {
    this.readyState = 0;
    this.error = null;
    this.seeking = false;
  }

  removeAttribute(): void {
    this.src = '';
  }

  fail(): void {
    this.error = { code: 4 };
    this.readyState = 0;
    this.#tell('error');
  }

  addEventListener(type: string, listener: () => void): void {
    this.#listeners.set(type, (this.#listeners.get(type) ?? new Set()).add(listener));
  }

  removeEventListener(type: string, listener: () => void): void {
    this.#listeners.get(type)?.delete(listener);
  }

  #tell(type: string): void {
    for (const listener of this.#listeners.get(type) ?? []) listener();
  }
}
