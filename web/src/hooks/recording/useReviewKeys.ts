import { useEffect, useRef } from 'react';
import { actionOf, type ReviewAction } from '@/lib/recording/keys';

const writes = 'input:not([type="range"]), textarea, select, [contenteditable], [role="combobox"], [role="listbox"], [role="menu"], [role="dialog"]';
const presses = 'button, a, [role="button"], [role="switch"], [role="tab"], [role="slider"], summary';
const moves = '[role="slider"], [role="tab"], input[type="range"]';

/** The keys of the review page; they keep out of fields, menus and dialogs. */
export function useReviewKeys(on: boolean, act: (action: ReviewAction) => void) {
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  useEffect(() => {
    if (!on) return;
    const down = (e: KeyboardEvent) => {
      const target = e.target instanceof Element ? e.target : null;
      if (e.defaultPrevented || target?.closest(writes)) return;
      // A focused control keeps the keys that are its own.
      if ((e.key === ' ' || e.key === 'Enter') && target?.closest(presses)) return;
      if (/^(Arrow|Home|End|Page)/.test(e.key) && target?.closest(moves)) return;
      const action = actionOf(e);
      if (!action || (e.repeat && !action.repeats)) return;
      e.preventDefault();
      latest.current(action);
    };
    window.addEventListener('keydown', down);
    return () => window.removeEventListener('keydown', down);
  }, [on]);
}
