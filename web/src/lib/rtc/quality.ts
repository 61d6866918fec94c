import { type QualityReport, type Score } from '../realtime/types';
import { type SessionFigures } from './stats';

export type Level = 'excellent' | 'good' | 'poor' | 'lost' | 'unknown';
/** Where the weak link is, from where this person sits. */
export type Side = 'none' | 'you' | 'them' | 'both';
export type Advice = '' | 'closer' | 'cable' | 'camera-off' | 'programs' | 'they-closer' | 'wait';

export interface Verdict {
  level: Level;
  /** 0–4, for the bars. */
  bars: 0 | 1 | 2 | 3 | 4;
  side: Side;
  /** Word of the cause: loss, delay, bitrate, layer, frozen, cpu or "". */
  reason: string;
  advice: Advice;
}

export const unknownVerdict: Verdict = { level: 'unknown', bars: 0, side: 'none', reason: '', advice: '' };

const rank: Record<Level, number> = { unknown: 5, excellent: 4, good: 3, poor: 2, lost: 1 };
const worse = (a: Score | undefined, b: Score | undefined) => (!a ? b : !b ? a : a.value <= b.value ? a : b);
const bad = (score: Score | undefined) => score !== undefined && (score.level === 'poor' || score.level === 'lost');

function bars(level: Level): Verdict['bars'] {
  return level === 'unknown' ? 0 : (Math.min(4, rank[level]) as Verdict['bars']);
}

function fromScore(score: Score, side: Side, advice: Advice): Verdict {
  const level = score.level as Level;
  return { level, bars: bars(level), side, reason: score.reason, advice };
}

/** How this person's own line is doing: what the server measured, and what only the browser knows. */
export function ownVerdict(report: QualityReport | undefined, figures: SessionFigures | undefined): Verdict {
  const score = worse(report?.up, report?.down);
  if (!score) return figures ? fromFigures(figures) : unknownVerdict;
  const verdict = fromScore(score, bad(score) ? 'you' : 'none', '');
  const cpu = figures?.outbound.some((o) => o.limited === 'cpu') ?? false;
  if (cpu && rank[verdict.level] >= rank.good) return { level: 'good', bars: 3, side: 'you', reason: 'cpu', advice: 'programs' };
  if (verdict.side === 'none') return verdict;
  return { ...verdict, advice: ownAdvice(score, figures) };
}

/** Before the server's first report, and when the socket is gone, the browser's own numbers must do. */
function fromFigures(figures: SessionFigures): Verdict {
  const loss = Math.max(0, ...figures.inbound.map((i) => i.loss), ...figures.outbound.map((o) => o.loss));
  const level: Level = loss > 10 || figures.rttMs > 600 ? 'poor' : loss > 3 || figures.rttMs > 300 ? 'good' : 'excellent';
  if (level !== 'poor') return { level, bars: bars(level), side: 'none', reason: '', advice: '' };
  return { level, bars: 2, side: 'you', reason: loss > 10 ? 'loss' : 'delay', advice: 'closer' };
}

function ownAdvice(score: Score, figures: SessionFigures | undefined): Advice {
  if (score.level === 'lost') return 'wait';
  if (score.reason === 'delay') return 'cable';
  if (score.reason === 'bitrate' || score.reason === 'layer') return 'camera-off';
  return figures?.transport === 'tcp' ? 'cable' : 'closer';
}

/**
 * How somebody else comes across here, and whose line it is: their way up,
 * our way down, or both. A bad uplink of theirs is heard by everybody; a bad
 * downlink of ours makes everybody look bad.
 */
export function theirVerdict(theirs: QualityReport | undefined, own: QualityReport | undefined): Verdict {
  const score = worse(theirs?.up, own?.down);
  if (!score) return unknownVerdict;
  const themBad = bad(theirs?.up);
  const usBad = bad(own?.down);
  const side: Side = themBad && usBad ? 'both' : themBad ? 'them' : usBad ? 'you' : 'none';
  const advice: Advice = side === 'them' ? 'they-closer' : side === 'none' || !own ? '' : ownAdvice(own.down, undefined);
  return fromScore(side === 'them' && theirs ? theirs.up : score, side, advice);
}
