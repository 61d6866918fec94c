/** First letters of the first and last word, by what a reader sees as a letter. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const first = words[0];
  const last = words.length > 1 ? words[words.length - 1] : undefined;
  return [first, last]
    .filter((w): w is string => w !== undefined)
    .map((w) => [...w][0]?.toLocaleUpperCase() ?? '')
    .join('');
}

/** A colour index that stays with an id. */
export function toneOf(id: string, tones: number): number {
  let sum = 0;
  for (const c of id) sum = (sum * 31 + (c.codePointAt(0) ?? 0)) >>> 0;
  return sum % tones;
}
