import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { keys } from '@/lib/api/keys';
import { people } from '@/lib/api/services/people';
import { recordings } from '@/lib/api/services/recordings';

/** Private bookmarks, by time. */
export function useMarks(id: string, wanted = true) {
  const client = useQueryClient();
  const key = keys.recording.marks(id);
  const fresh = () => client.invalidateQueries({ queryKey: key });
  const list = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => recordings.marks.getAll(id, signal),
    select: (marks) => [...marks].sort((a, b) => a.atMs - b.atMs),
    enabled: wanted,
  });
  return {
    list,
    add: useMutation({ mutationFn: (mark: { atMs: number; label: string }) => recordings.marks.create(id, mark), onSettled: fresh }),
    rename: useMutation({ mutationFn: (m: { id: string; label: string }) => recordings.marks.rename(id, m.id, m.label), onSettled: fresh }),
    remove: useMutation({ mutationFn: (mark: string) => recordings.marks.delete(id, mark), onSettled: fresh }),
  };
}

/** Time-stamped notes and their answers, seen by all who may watch as staff. */
export function useNotes(id: string) {
  const client = useQueryClient();
  const key = keys.recording.notes(id);
  const fresh = () => client.invalidateQueries({ queryKey: key });
  const list = useQuery({ queryKey: key, queryFn: ({ signal }) => recordings.notes.getAll(id, signal) });
  return {
    list,
    add: useMutation({
      mutationFn: (note: { atMs: number; toMs?: number; text: string; parentId?: string }) => recordings.notes.create(id, note),
      onSettled: fresh,
    }),
    edit: useMutation({ mutationFn: (n: { id: string; text: string }) => recordings.notes.update(id, n.id, n.text), onSettled: fresh }),
    resolve: useMutation({ mutationFn: (n: { id: string; resolved: boolean }) => recordings.notes.resolve(id, n.id, n.resolved), onSettled: fresh }),
    remove: useMutation({ mutationFn: (note: string) => recordings.notes.delete(id, note), onSettled: fresh }),
  };
}

/** The codes put on this recording, and the practice's set to choose from. */
export function useTags(id: string) {
  const client = useQueryClient();
  const key = keys.recording.tags(id);
  return {
    chosen: useQuery({ queryKey: key, queryFn: ({ signal }) => recordings.tags.get(id, signal) }),
    codes: useQuery({ queryKey: keys.reviewCodes, queryFn: ({ signal }) => recordings.tags.codes(signal), staleTime: 5 * 60_000 }),
    set: useMutation({
      mutationFn: (codes: string[]) => recordings.tags.set(id, codes),
      onMutate: (codes) => {
        const was = client.getQueryData<string[]>(key);
        client.setQueryData(key, codes);
        return { was };
      },
      onError: (_, __, context) => client.setQueryData(key, context?.was),
      onSuccess: (codes) => client.setQueryData(key, codes),
    }),
  };
}

export function useTranscript(id: string) {
  const client = useQueryClient();
  const key = keys.recording.transcript(id);
  const fresh = () => client.invalidateQueries({ queryKey: key });
  return {
    text: useQuery({ queryKey: key, queryFn: ({ signal }) => recordings.transcript.get(id, signal) }),
    load: useMutation({ mutationFn: (vtt: string) => recordings.transcript.put(id, vtt), onSettled: fresh }),
    remove: useMutation({ mutationFn: () => recordings.transcript.delete(id), onSettled: fresh }),
  };
}

/** What the server finds; its search knows word forms and accents. */
export function useTranscriptSearch(id: string, words: string) {
  return useQuery({
    queryKey: keys.recording.search(id, words),
    queryFn: ({ signal }) => recordings.transcript.search(id, words, signal),
    enabled: words.length > 1,
    placeholderData: (previous) => previous,
  });
}

/** Who may see this beside its owner, and colleagues one could ask. */
export function useShares(id: string) {
  const client = useQueryClient();
  const key = keys.recording.shares(id);
  const fresh = () => client.invalidateQueries({ queryKey: key });
  return {
    list: useQuery({ queryKey: key, queryFn: ({ signal }) => recordings.shares.getAll(id, signal) }),
    colleagues: useQuery({ queryKey: keys.colleagues, queryFn: ({ signal }) => people.colleagues(signal) }),
    add: useMutation({
      mutationFn: (share: { userId: string; fromMs?: number; toMs?: number; expiresAt: string; note?: string }) => recordings.shares.create(id, share),
      onSettled: fresh,
    }),
    revoke: useMutation({ mutationFn: (share: string) => recordings.shares.revoke(id, share), onSettled: fresh }),
  };
}
