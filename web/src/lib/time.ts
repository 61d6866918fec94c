/** How the viewer reads time: in which language and in which zone. */
export interface Clock {
  locale: string;
  /** IANA name. */
  zone: string;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(clock: Clock, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = clock.locale + clock.zone + JSON.stringify(options);
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(clock.locale, { timeZone: clock.zone, ...options });
    formats.set(key, found);
  }
  return found;
}

/** "14:30" or "2:30 PM", as the viewer's language has it. */
export function timeOf(clock: Clock, at: Date): string {
  return format(clock, { hour: 'numeric', minute: '2-digit' }).format(at);
}

/** "14:30 – 15:20", saying the part of the day once where it can. */
export function rangeOf(clock: Clock, from: Date, to: Date): string {
  return format(clock, { hour: 'numeric', minute: '2-digit' }).formatRange(from, to);
}

/** "Monday, 23 November"; with the year when it is not this one. */
export function dayOf(clock: Clock, at: Date, now: Date = at): string {
  const sameYear = dayKey(clock.zone, at).slice(0, 4) === dayKey(clock.zone, now).slice(0, 4);
  return format(clock, { weekday: 'long', day: 'numeric', month: 'long', ...(sameYear ? {} : { year: 'numeric' }) }).format(at);
}

/** "Mon 23 Nov". */
export function shortDayOf(clock: Clock, at: Date): string {
  return format(clock, { weekday: 'short', day: 'numeric', month: 'short' }).format(at);
}

/** "23 Nov 2026, 14:30". */
export function momentOf(clock: Clock, at: Date): string {
  return format(clock, { day: 'numeric', month: 'short', year: 'numeric', hour: 'numeric', minute: '2-digit' }).format(at);
}

/** "GMT+1", or a short name such as "CET" where the language has one. */
export function zoneName(clock: Clock, at: Date): string {
  const parts = format(clock, { timeZoneName: 'short' }).formatToParts(at);
  return parts.find((p) => p.type === 'timeZoneName')?.value ?? clock.zone;
}

/** The calendar day of a moment in a zone, as "2026-11-23": sorts and compares. */
export function dayKey(zone: string, at: Date): string {
  const w = wallClock(zone, at);
  return `${pad(w.year, 4)}-${pad(w.month)}-${pad(w.day)}`;
}

/** The clock time of a moment in a zone, as "09:05". */
export function timeKey(zone: string, at: Date): string {
  const w = wallClock(zone, at);
  return `${pad(w.hour)}:${pad(w.minute)}`;
}

interface Wall {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

function wallClock(zone: string, at: Date): Wall {
  const parts = format(
    { locale: 'en-u-ca-gregory-nu-latn', zone },
    { hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
  ).formatToParts(at);
  const of = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((p) => p.type === type)?.value);
  return { year: of('year'), month: of('month'), day: of('day'), hour: of('hour'), minute: of('minute'), second: of('second') };
}

function offsetAt(zone: string, at: number): number {
  const w = wallClock(zone, new Date(at));
  const asUTC = Date.UTC(w.year, w.month - 1, w.day, w.hour, w.minute, w.second);
  return asUTC - Math.floor(at / 1000) * 1000;
}

/**
 * The moment a wall clock in `zone` shows `day` ("2026-11-23") and `time`
 * ("14:30"). In the hour a spring change skips, the moment after the gap that
 * is as far into it; in the hour an autumn change repeats, the first of the
 * two. Null when the text is no date.
 */
export function momentAt(zone: string, day: string, time: string): Date | null {
  const d = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  const t = /^(\d{2}):(\d{2})$/.exec(time);
  if (!d || !t) return null;
  const [year, month, date, hour, minute] = [d[1], d[2], d[3], t[1], t[2]].map(Number) as [number, number, number, number, number];
  const naive = Date.UTC(year, month - 1, date, hour, minute);
  const back = new Date(naive);
  if (back.getUTCMonth() !== month - 1 || back.getUTCDate() !== date || hour > 23 || minute > 59) return null;

  // A change of offset moves a clock by at most a few hours, so the offsets a
  // day before and after are the only two candidates.
  const before = offsetAt(zone, naive - 86_400_000);
  const after = offsetAt(zone, naive + 86_400_000);
  for (const offset of before === after ? [before] : [before, after]) {
    const at = naive - offset;
    if (offsetAt(zone, at) === offset) return new Date(at);
  }
  return new Date(naive - before); // the skipped hour
}

function pad(n: number, width = 2): string {
  return String(n).padStart(width, '0');
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** "in 12 minutes", "in 3 hours", "in 2 days"; by whole units, never "in 0". */
export function distance(locale: string, from: Date, to: Date): string {
  const ms = to.getTime() - from.getTime();
  const rel = new Intl.RelativeTimeFormat(locale, { numeric: 'always' });
  const size = Math.abs(ms);
  const round = (unit: number) => Math.sign(ms) * Math.max(1, Math.round(size / unit));
  if (size < hour - minute / 2) return rel.format(round(minute), 'minute');
  if (size < day) return rel.format(round(hour), 'hour');
  return rel.format(round(day), 'day');
}

/** Minutes and seconds left, as "4:07"; "0:00" once it is past. */
export function countdown(from: Date, to: Date): string {
  const left = Math.max(0, Math.ceil((to.getTime() - from.getTime()) / 1000));
  return `${Math.floor(left / 60)}:${pad(left % 60)}`;
}

/** Whole minutes from one moment to another, at least 0. */
export function minutesBetween(from: Date, to: Date): number {
  return Math.max(0, Math.round((to.getTime() - from.getTime()) / minute));
}

/** Every zone the browser knows, for a picker; the device's own when it will not say. */
export function allZones(own: string): string[] {
  const zones = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : [];
  return [...new Set([own, 'UTC', ...zones])].sort();
}
