import { type Span, type Timeline } from './model';
import { merge } from './spans';

/** When a person had any track in the recording. */
export function thereOf(timeline: Timeline, person: string): Span[] {
  return merge(
    timeline.tracks.filter((t) => t.person === person).map((t) => ({ fromMs: t.startMs, toMs: t.startMs + t.durationMs })),
    1000,
  );
}

/** What is missing of a person and worth showing: being muted is not a fault. */
export function gapsOf(timeline: Timeline, person: string): (Span & { reason: string; track: string })[] {
  const own = new Set(timeline.tracks.filter((t) => t.person === person).map((t) => t.id));
  return timeline.gaps.filter((g) => own.has(g.track) && g.reason !== 'muted');
}

const poor = 2.5;
const dipMs = 5000;

/** Spans of a poor connection: from a low score to the next good one, or one report long. */
export function dipsOf(timeline: Timeline, person: string): Span[] {
  const own = timeline.quality.filter((q) => q.person === person).sort((a, b) => a.atMs - b.atMs);
  return merge(
    own.flatMap((q, i) => (q.up <= poor || q.reason !== '' ? [{ fromMs: q.atMs, toMs: Math.min(own[i + 1]?.atMs ?? q.atMs + dipMs, q.atMs + dipMs) }] : [])),
  );
}

/** When nothing was written because somebody withdrew and the others were asked again. */
export function stoppedOf(timeline: Timeline): Span[] {
  const out: Span[] = [];
  let from: number | undefined;
  for (const e of [...timeline.events].sort((a, b) => a.atMs - b.atMs)) {
    if (e.type === 'suspended') from ??= e.atMs;
    if (e.type === 'resumed' && from !== undefined) {
      out.push({ fromMs: from, toMs: e.atMs });
      from = undefined;
    }
  }
  if (from !== undefined) out.push({ fromMs: from, toMs: timeline.durationMs });
  return out;
}

/** A part of the timeline, zoomed about a moment, inside the whole. */
export function zoom(view: Span, by: number, about: number, whole: Span, leastMs = 5000): Span {
  const all = whole.toMs - whole.fromMs;
  const size = Math.min(all, Math.max(Math.min(leastMs, all), (view.toMs - view.fromMs) / by));
  const share = (about - view.fromMs) / (view.toMs - view.fromMs);
  return within(about - size * Math.min(1, Math.max(0, share)), size, whole);
}

/** The view moved by some milliseconds, inside the whole. */
export function pan(view: Span, by: number, whole: Span): Span {
  return within(view.fromMs + by, view.toMs - view.fromMs, whole);
}

function within(from: number, size: number, whole: Span): Span {
  const start = Math.min(Math.max(whole.fromMs, from), whole.toMs - size);
  return { fromMs: start, toMs: start + size };
}

export interface Pin {
  atMs: number;
}

/** Pins nearer to each other than `least` milliseconds become one. */
export function clusters<P extends Pin>(pins: readonly P[], least: number): P[][] {
  const out: P[][] = [];
  for (const pin of [...pins].sort((a, b) => a.atMs - b.atMs)) {
    const last = out[out.length - 1];
    if (last && pin.atMs - (last[0] as P).atMs < least) last.push(pin);
    else out.push([pin]);
  }
  return out;
}
