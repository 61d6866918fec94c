import { useMemo, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { deviceZone, prefs } from '@/lib/prefs';
import { type Clock } from '@/lib/time';

export function usePrefs() {
  return useSyncExternalStore(prefs.subscribe, prefs.get);
}

/**
 * How this viewer reads dates. The region of the browser decides on order and
 * 12 or 24 hours when it speaks the language the app is shown in.
 */
export function useClock(): Clock {
  const { timeZone } = usePrefs();
  const { i18n } = useTranslation();
  const language = i18n.resolvedLanguage ?? 'en';
  return useMemo(() => {
    const regional = navigator.languages.find((tag) => tag === language || tag.startsWith(`${language}-`));
    return { locale: regional ?? language, zone: timeZone || deviceZone() };
  }, [timeZone, language]);
}
