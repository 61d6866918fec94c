/** "4:07" or "1:04:07"; with tenths when asked, for single frames. */
export function timecode(ms: number, tenths = false): string {
  const whole = Math.max(0, tenths ? Math.floor(ms / 100) : Math.floor(ms / 1000) * 10);
  const seconds = Math.floor(whole / 10);
  const h = Math.floor(seconds / 3600);
  const m = Math.floor((seconds % 3600) / 60);
  const s = seconds % 60;
  const head = h > 0 ? `${h}:${String(m).padStart(2, '0')}` : String(m);
  return `${head}:${String(s).padStart(2, '0')}${tenths ? `.${whole % 10}` : ''}`;
}

/** For an address: whole seconds, or null for what is none. */
export function secondsParam(text: string | null): number | null {
  if (text === null || !/^\d{1,6}(\.\d{1,3})?$/.test(text)) return null;
  return Math.round(Number(text) * 1000);
}

/** "4:07", "1:04:07", "247" as milliseconds; null when it is no time. */
export function parseTimecode(text: string): number | null {
  const parts = text.trim().split(':');
  if (parts.length > 3 || parts.some((p) => !/^\d{1,5}(\.\d{1,3})?$/.test(p))) return null;
  const numbers = parts.map(Number);
  if (numbers.slice(1).some((n) => n >= 60)) return null;
  return Math.round(numbers.reduce((sum, n) => sum * 60 + n, 0) * 1000);
}

const units = [
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

/** "2 minutes 5 seconds" in the viewer's language, for screen readers and slider values. */
export function spokenTime(locale: string, ms: number): string {
  let left = Math.round(Math.max(0, ms) / 1000) * 1000;
  const words: string[] = [];
  for (const [unit, size] of units) {
    const n = Math.floor(left / size);
    left -= n * size;
    if (n > 0 || (unit === 'second' && words.length === 0)) {
      words.push(new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(n));
    }
  }
  return words.join(' ');
}
