import { useClock } from '@/hooks/usePrefs';

/** People as "Ana, Ben and Cleo". */
export function useNames() {
  const { locale } = useClock();
  return (people: readonly { name: string }[]) => new Intl.ListFormat(locale, { type: 'conjunction' }).format(people.map((p) => p.name));
}
