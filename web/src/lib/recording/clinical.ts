import { type NoteFormat, type NoteLine, type NoteSection } from './model';

/** The sections of each form, in their order. */
export const sectionKeys = {
  soap: ['subjective', 'objective', 'assessment', 'plan'],
  dap: ['data', 'assessment', 'plan'],
} as const satisfies Record<NoteFormat, readonly string[]>;

export type SectionKey = (typeof sectionKeys)[NoteFormat][number];

/** Every section of a form, with at least one line to write in; nothing written is lost to another form. */
export function sectionsOf(format: NoteFormat, sections: readonly NoteSection[]): NoteSection[] {
  const known: readonly string[] = sectionKeys[format];
  const strays = sections.filter((s) => !known.includes(s.key)).flatMap((s) => s.lines.filter(written));
  return sectionKeys[format].map((key, n) => {
    const own = sections.find((s) => s.key === key)?.lines ?? [];
    const lines = n === 0 && strays.length > 0 ? [...strays, ...own.filter(written)] : own;
    return { key, lines: lines.length > 0 ? [...lines] : [{ text: '' }] };
  });
}

/** Another form of the same note: what has no section there goes to the first. */
export function inForm(format: NoteFormat, sections: readonly NoteSection[]): NoteSection[] {
  // Subjective and objective together are data; the other way data is subjective.
  const renamed = sections.map((s): NoteSection => {
    if (format === 'dap' && (s.key === 'subjective' || s.key === 'objective')) return { ...s, key: 'data' };
    if (format === 'soap' && s.key === 'data') return { ...s, key: 'subjective' };
    return s;
  });
  const merged: NoteSection[] = [];
  for (const s of renamed) {
    const same = merged.find((m) => m.key === s.key);
    if (same) same.lines = [...same.lines.filter(written), ...s.lines.filter(written)];
    else merged.push({ ...s });
  }
  return sectionsOf(format, merged);
}

export function written(line: NoteLine): boolean {
  return line.text.trim() !== '';
}

/** One line changed, added after, or (with null) taken away; a section keeps at least one. */
export function changeLine(sections: readonly NoteSection[], key: string, n: number, line: NoteLine | null): NoteSection[] {
  return sections.map((s) => {
    if (s.key !== key) return s;
    const lines = line === null ? s.lines.filter((_, i) => i !== n) : n >= s.lines.length ? [...s.lines, line] : s.lines.map((l, i) => (i === n ? line : l));
    return { ...s, lines: lines.length > 0 ? lines : [{ text: '' }] };
  });
}
