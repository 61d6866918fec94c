import { useEffect, useState } from 'react';

/**
 * Whether the controls should show: after any sign of life, while `hold`, and
 * always while the keyboard is in them. Without a mouse they stay.
 */
export function useAutoHide(hold: boolean, isInside: (node: Element) => boolean, after = 4_000): boolean {
  const [shown, setShown] = useState(true);
  useEffect(() => {
    if (typeof matchMedia === 'function' && !matchMedia('(hover: hover)').matches) return;
    let timer: ReturnType<typeof setTimeout>;
    const hide = () => {
      const focus = document.activeElement;
      const keyboard = focus !== null && focus.matches(':focus-visible') && isInside(focus);
      if (keyboard) timer = setTimeout(hide, after);
      else setShown(false);
    };
    const wake = () => {
      clearTimeout(timer);
      setShown(true);
      timer = setTimeout(hide, after);
    };
    wake();
    const events = ['pointermove', 'pointerdown', 'keydown', 'focusin'] as const;
    for (const name of events) window.addEventListener(name, wake);
    return () => {
      clearTimeout(timer);
      for (const name of events) window.removeEventListener(name, wake);
    };
  }, [isInside, after]);
  return shown || hold;
}
