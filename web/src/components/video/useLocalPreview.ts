import { useMemo } from 'react';

/** A stream around one track, kept as long as the track is. */
export function useStreamOf(track: MediaStreamTrack | undefined): MediaStream | undefined {
  return useMemo(() => (track ? new MediaStream([track]) : undefined), [track]);
}
