import { type Span } from './model';

/** Sorted and without overlap; spans closer than `slack` become one. Empty and reversed ones go. */
export function merge(spans: readonly Span[], slack = 0): Span[] {
  const sorted = spans.filter((s) => s.toMs > s.fromMs).sort((a, b) => a.fromMs - b.fromMs);
  const out: Span[] = [];
  for (const span of sorted) {
    const last = out[out.length - 1];
    if (last && span.fromMs <= last.toMs + slack) last.toMs = Math.max(last.toMs, span.toMs);
    else out.push({ fromMs: span.fromMs, toMs: span.toMs });
  }
  return out;
}

export function total(spans: readonly Span[]): number {
  return merge(spans).reduce((sum, s) => sum + s.toMs - s.fromMs, 0);
}

/** What of `within` no span covers. */
export function complement(spans: readonly Span[], within: Span): Span[] {
  const out: Span[] = [];
  let at = within.fromMs;
  for (const span of merge(spans)) {
    if (span.fromMs > at) out.push({ fromMs: at, toMs: Math.min(span.fromMs, within.toMs) });
    at = Math.max(at, span.toMs);
    if (at >= within.toMs) break;
  }
  if (at < within.toMs) out.push({ fromMs: at, toMs: within.toMs });
  return out.filter((s) => s.toMs > s.fromMs);
}

/** The span that holds `at`, by binary search; the spans are merged. */
export function spanAt(spans: readonly Span[], at: number): Span | undefined {
  let low = 0;
  let high = spans.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const span = spans[middle] as Span;
    if (at < span.fromMs) high = middle - 1;
    else if (at >= span.toMs) low = middle + 1;
    else return span;
  }
  return undefined;
}
