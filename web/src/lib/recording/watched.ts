import { type Span } from './model';
import { merge } from './spans';

/** What became of a report. */
export type Reported = 'taken' | 'gone' | 'later';

export interface WatchReporterOptions {
  /** Sends what was watched; `leaving` when the page goes and must not wait. */
  send: (ranges: Span[], leaving: boolean) => Promise<Reported>;
  /** The right to watch is over. */
  gone: () => void;
  every: (ms: number, tick: () => void) => () => void;
}

const everyMs = 5000;
/** A paused player fetches ahead; it says now and then that nothing was watched. */
const quietTicks = 3;
/** Of one report; the server takes no more. */
const most = 100;
/** Seams between ticks and holds; a seek is longer than this. */
const seamMs = 5;

/**
 * Tells the server which spans really played, every five seconds and whenever
 * playing rests. A span is told once; what could not be told is told later.
 */
export class WatchReporter {
  readonly #o: WatchReporterOptions;
  #pending: Span[] = [];
  #sending: Promise<void> | undefined;
  #quiet = 0;
  readonly #stop: () => void;

  constructor(options: WatchReporterOptions) {
    this.#o = options;
    this.#stop = options.every(everyMs, () => {
      if (this.#pending.length === 0 && ++this.#quiet >= quietTicks) void this.tell();
      else void this.flush();
    });
  }

  played(span: Span): void {
    const last = this.#pending[this.#pending.length - 1];
    if (last && Math.abs(span.fromMs - last.toMs) <= seamMs) last.toMs = Math.max(last.toMs, span.toMs);
    else this.#pending.push({ ...span });
  }

  /** Sends what is pending. One request at a time, so that none overtakes. */
  flush(): Promise<void> {
    return this.#pending.length === 0 ? (this.#sending ?? Promise.resolve()) : this.tell();
  }

  /** Sends what is pending, and if that is nothing, says so. */
  tell(): Promise<void> {
    this.#sending ??= this.#send(false).finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  /** The page goes: whatever is left is sent without waiting. */
  leave(): void {
    if (this.#pending.length > 0) void this.#send(true);
  }

  end(): void {
    this.#stop();
    this.leave();
  }

  async #send(leaving: boolean): Promise<void> {
    const ranges = whole(merge(this.#pending, seamMs)).slice(0, most);
    this.#quiet = 0;
    const sent = this.#pending;
    this.#pending = [];
    const result = await this.#o.send(ranges, leaving).catch((): Reported => 'later');
    if (result === 'later') this.#pending = [...sent, ...this.#pending];
    if (result === 'gone') this.#o.gone();
  }
}

/** Whole milliseconds inside the spans: never more than what played. */
function whole(spans: readonly Span[]): Span[] {
  return spans
    .map((s) => ({ fromMs: Math.ceil(s.fromMs), toMs: Math.floor(s.toMs) }))
    .filter((s) => s.toMs > s.fromMs);
}
