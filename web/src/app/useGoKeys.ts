import { useEffect } from 'react';
import { useNavigate } from 'react-router';

const places: Record<string, { to: string; staffOnly?: boolean }> = {
  t: { to: '/' },
  s: { to: '/sessions' },
  r: { to: '/recordings' },
  p: { to: '/people', staffOnly: true },
  a: { to: '/account' },
};

/** Milliseconds between the two keys of "g then t". */
const pause = 1200;

/** "g" then a letter goes somewhere; "?" shows the shortcuts. Never while typing. */
export function useGoKeys(staff: boolean) {
  const navigate = useNavigate();
  useEffect(() => {
    let gAt = -Infinity;
    const onKey = (press: KeyboardEvent) => {
      if (press.defaultPrevented || press.ctrlKey || press.metaKey || press.altKey || isTyping(press.target)) return;
      if (press.key === '?') {
        void navigate('/account#keys');
        return;
      }
      const place = places[press.key];
      if (press.timeStamp - gAt < pause && place && (staff || !place.staffOnly)) {
        press.preventDefault();
        void navigate(place.to);
      }
      gAt = press.key === 'g' ? press.timeStamp : -Infinity;
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [navigate, staff]);
}

/** Whether a key pressed here belongs to a field, a menu or a dialog. */
function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select, [contenteditable], [role="dialog"], [role="menu"], [role="listbox"]') !== null;
}
