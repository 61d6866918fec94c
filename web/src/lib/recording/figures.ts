import { type Analytics } from './model';

const minute = 60_000;
const mostColumns = 60;

/** Speech of each person in equal parts of the session: minutes, or longer parts of a long one. */
export function byMinute(figures: Pick<Analytics, 'durationMs' | 'turns'>): { stepMs: number; rows: Map<string, number>[] } {
  const stepMs = Math.max(1, Math.ceil(figures.durationMs / minute / mostColumns)) * minute;
  const rows = Array.from({ length: Math.max(1, Math.ceil(figures.durationMs / stepMs)) }, () => new Map<string, number>());
  for (const turn of figures.turns) {
    for (let n = Math.floor(turn.fromMs / stepMs); n < rows.length && n * stepMs < turn.toMs; n++) {
      const part = Math.min(turn.toMs, (n + 1) * stepMs) - Math.max(turn.fromMs, n * stepMs);
      rows[n]?.set(turn.person, (rows[n]?.get(turn.person) ?? 0) + part);
    }
  }
  return { stepMs, rows };
}
