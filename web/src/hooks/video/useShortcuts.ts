import { useEffect, useRef } from 'react';

export interface Shortcuts {
  microphone: () => void;
  camera: () => void;
  screen: () => void;
  hand: () => void;
  people: () => void;
  layout: () => void;
  fullscreen: () => void;
  help: () => void;
  bookmark: () => void;
  talk: (down: boolean) => void;
}

/** A key means something here only if nobody is writing or choosing elsewhere. */
export function isBusyTarget(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  return target.closest('input, textarea, select, [role="combobox"], [role="listbox"], [role="menu"], [role="dialog"]') !== null;
}

/** Space presses a focused button; there it must not also open the microphone. */
function isPressable(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('button, a, [role="button"], [role="switch"], summary') !== null;
}

/** Which shortcut a key is; undefined leaves the key to the page. */
export function shortcutOf(e: Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>): Exclude<keyof Shortcuts, 'talk'> | undefined {
  const key = e.key.toLowerCase();
  if ((e.ctrlKey || e.metaKey) && !e.altKey && !e.shiftKey) {
    if (key === 'd') return 'microphone';
    if (key === 'e') return 'camera';
    return undefined;
  }
  if (e.ctrlKey || e.metaKey || e.altKey) return undefined;
  const plain: Record<string, Exclude<keyof Shortcuts, 'talk'>> = {
    m: 'microphone',
    d: 'microphone',
    v: 'camera',
    s: 'screen',
    h: 'hand',
    p: 'people',
    l: 'layout',
    f: 'fullscreen',
    b: 'bookmark',
    '?': 'help',
  };
  return plain[key];
}

/** Keys of the meeting, while `on`. Space is held to talk. */
export function useShortcuts(on: boolean, shortcuts: Shortcuts) {
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  useEffect(() => {
    if (!on) return;
    let talking = false;
    const release = () => {
      if (talking) latest.current.talk(false);
      talking = false;
    };
    const down = (e: KeyboardEvent) => {
      if (e.defaultPrevented || isBusyTarget(e.target)) return;
      if (e.code === 'Space' && !e.ctrlKey && !e.metaKey && !e.altKey) {
        if (isPressable(e.target)) return;
        e.preventDefault(); // no scrolling
        if (!e.repeat) {
          talking = true;
          latest.current.talk(true);
        }
        return;
      }
      const shortcut = shortcutOf(e);
      if (!shortcut || e.repeat) return;
      e.preventDefault();
      latest.current[shortcut]();
    };
    const up = (e: KeyboardEvent) => {
      if (e.code === 'Space') release();
    };
    window.addEventListener('keydown', down);
    window.addEventListener('keyup', up);
    window.addEventListener('blur', release);
    return () => {
      release();
      window.removeEventListener('keydown', down);
      window.removeEventListener('keyup', up);
      window.removeEventListener('blur', release);
    };
  }, [on]);
}
