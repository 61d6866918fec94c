import { type Span, type TimelineLevels } from './model';
import { complement, merge } from './spans';

/** One person's loudness over the recording. */
export interface Levels {
  person: string;
  stepMs: number;
  startMs: number;
  /** 0 silent … 127 loudest, one a step. */
  data: Uint8Array;
}

/** The bytes of a base64 text; empty for a text that is none. */
export function bytesOf(base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

export function decodeLevels(levels: readonly TimelineLevels[]): Levels[] {
  return levels
    .filter((l) => l.stepMs > 0)
    .map(({ person, stepMs, startMs, data }) => ({ person, stepMs, startMs, data: bytesOf(data) }));
}

/** −50 dBov: quieter is breath, chairs and the room. */
export const speechLevel = 77;
/** Pauses shorter than this are inside a turn, not between turns. */
const breathMs = 500;

/**
 * When a person speaks: steps at or over the threshold, joined over the short
 * pauses of speech, without clicks shorter than two steps.
 */
export function speechOf(levels: readonly Levels[], threshold = speechLevel): Span[] {
  const loud: Span[] = [];
  for (const { startMs, stepMs, data } of levels) {
    let from = -1;
    for (let i = 0; i <= data.length; i++) {
      const on = i < data.length && (data[i] as number) >= threshold;
      if (on && from < 0) from = i;
      if (!on && from >= 0) {
        loud.push({ fromMs: startMs + from * stepMs, toMs: startMs + i * stepMs });
        from = -1;
      }
    }
  }
  const shortest = Math.min(...levels.map((l) => l.stepMs), 100) * 2;
  return merge(loud, breathMs).filter((s) => s.toMs - s.fromMs >= shortest);
}

/** Speech is entered a little early and left a little late, so that no word is cut. */
const marginMs = 300;

/** What "skip silence" leaps over: nobody speaks for at least `leastMs`. */
export function silences(levels: readonly Levels[], within: Span, leastMs = 2000): Span[] {
  const persons = new Map<string, Levels[]>();
  for (const l of levels) persons.set(l.person, [...(persons.get(l.person) ?? []), l]);
  const speech = [...persons.values()].flatMap((own) => speechOf(own));
  if (speech.length === 0) return []; // no levels is not silence
  return complement(
    speech.map((s) => ({ fromMs: s.fromMs - marginMs, toMs: s.toMs + marginMs })),
    within,
  ).filter((s) => s.toMs - s.fromMs >= leastMs);
}

/** The loudest level in each of `count` equal parts of a span: what a canvas column shows. */
export function peaks(levels: Levels, span: Span, count: number): Uint8Array {
  const out = new Uint8Array(count);
  const width = (span.toMs - span.fromMs) / count;
  for (let i = 0; i < count; i++) {
    const first = Math.floor((span.fromMs + i * width - levels.startMs) / levels.stepMs);
    const last = Math.max(first + 1, Math.ceil((span.fromMs + (i + 1) * width - levels.startMs) / levels.stepMs));
    let top = 0;
    for (let n = Math.max(0, first); n < Math.min(last, levels.data.length); n++) top = Math.max(top, levels.data[n] as number);
    out[i] = top;
  }
  return out;
}

/** Who is loudest at a moment, if anybody speaks. */
export function speakerAt(levels: readonly Levels[], at: number): string | undefined {
  let best: string | undefined;
  let top = speechLevel - 1;
  for (const { person, startMs, stepMs, data } of levels) {
    // The mean of half a second, so that the stage does not jump at each word.
    const n = Math.floor((at - startMs) / stepMs);
    const reach = Math.ceil(300 / stepMs);
    let sum = 0;
    let count = 0;
    for (let i = Math.max(0, n - reach); i <= Math.min(data.length - 1, n + reach); i++, count++) sum += data[i] as number;
    if (count > 0 && sum / count > top) {
      top = sum / count;
      best = person;
    }
  }
  return best;
}
