import { useQuery } from '@tanstack/react-query';
import { keys } from '@/lib/api/keys';
import { recordings } from '@/lib/api/services/recordings';

const unfinished = new Set(['asking', 'recording', 'finalising']);

/** One recording; asked again while it is still being made. */
export function useRecording(id: string) {
  return useQuery({
    queryKey: keys.recording.one(id),
    queryFn: ({ signal }) => recordings.get(id, signal),
    refetchInterval: (query) => (query.state.data && unfinished.has(query.state.data.state) ? 4000 : false),
  });
}

/** Who spoke when, what is missing, what happened. It changes only when the recording does. */
export function useTimeline(id: string) {
  return useQuery({
    queryKey: keys.recording.timeline(id),
    queryFn: ({ signal }) => recordings.timeline(id, signal),
    staleTime: Infinity,
  });
}

export function useViewers(id: string) {
  return useQuery({ queryKey: keys.recording.viewers(id), queryFn: ({ signal }) => recordings.viewers(id, signal) });
}

export function useAnalytics(id: string) {
  return useQuery({
    queryKey: keys.recording.analytics(id),
    queryFn: ({ signal }) => recordings.analytics(id, signal),
    staleTime: Infinity,
  });
}
