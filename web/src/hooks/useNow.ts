import { useEffect, useState } from 'react';

/** The time, refreshed each `every` milliseconds and whenever the tab is looked at again. */
export function useNow(every: number): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const tick = () => setNow(new Date());
    const timer = setInterval(tick, every);
    const seen = () => {
      if (!document.hidden) tick();
    };
    document.addEventListener('visibilitychange', seen);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }, [every]);
  return now;
}
