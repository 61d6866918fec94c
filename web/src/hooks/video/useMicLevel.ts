import { useEffect, useState } from 'react';
import { watchLevel } from '@/lib/rtc/level';

/** Loudness of a track, 0–1, in steps of a twentieth; 0 without a track. */
export function useMicLevel(track: MediaStreamTrack | undefined): number {
  const [level, setLevel] = useState(0);
  useEffect(() => {
    if (!track) return;
    const end = watchLevel(track, (now) => setLevel(Math.round(now * 20) / 20));
    return () => {
      end();
      setLevel(0);
    };
  }, [track]);
  return level;
}
