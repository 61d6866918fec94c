import { Store } from './store';

/** What this device remembers about its owner's taste; never sent anywhere. */
export interface Prefs {
  /** IANA zone for every date shown; empty follows the device. */
  timeZone: string;
}

const place = 'mentara.prefs';

function load(): Prefs {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(place) ?? '{}');
    const zone = typeof stored === 'object' && stored !== null && 'timeZone' in stored ? stored.timeZone : '';
    return { timeZone: typeof zone === 'string' && knownZone(zone) ? zone : '' };
  } catch {
    return { timeZone: '' }; // storage is off or holds something else
  }
}

function knownZone(zone: string): boolean {
  if (zone === '') return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** One per page; views read it through usePrefs. */
export const prefs = new Store<Prefs>(load());

export function setPrefs(change: Partial<Prefs>): void {
  prefs.update((now) => ({ ...now, ...change }));
  try {
    localStorage.setItem(place, JSON.stringify(prefs.get()));
  } catch {
    // Private windows may refuse; the choice then lasts as long as the page.
  }
}

export function deviceZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}
