import { type Person } from './api/types';

export type Show = 'everyone' | 'clients' | 'staff' | 'inactive';

/** Letters without case and accents, so "jose" finds "José". */
function plain(text: string): string {
  return text.normalize('NFKD').replace(/\p{Diacritic}/gu, '').toLocaleLowerCase();
}

/**
 * The people a search shows, by name. Every word must be somewhere in name or
 * address. Who cannot sign in any more is shown only when asked for.
 */
export function matching(people: readonly Person[], search: string, show: Show, locale: string): Person[] {
  const words = plain(search).split(/\s+/).filter(Boolean);
  const order = new Intl.Collator(locale);
  return people
    .filter((p) => {
      if (show === 'inactive' ? p.active : !p.active) return false;
      if (show === 'clients' && p.role !== 'client') return false;
      if (show === 'staff' && p.role === 'client') return false;
      const text = plain(`${p.name} ${p.email}`);
      return words.every((word) => text.includes(word));
    })
    .sort((a, b) => order.compare(a.name, b.name));
}
