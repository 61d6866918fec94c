/**
 * Full-jitter exponential back-off. After a server restart every tab
 * reconnects, and waiting a random part of the window spreads them out.
 *
 * @param attempt 0 for the first retry.
 * @returns milliseconds to wait, at least `floor`.
 */
export function backoff(attempt: number, random: () => number = Math.random, base = 500, cap = 15_000, floor = 100): number {
  const window = Math.min(cap, base * 2 ** Math.min(attempt, 10));
  return Math.max(floor, Math.round(random() * window));
}
