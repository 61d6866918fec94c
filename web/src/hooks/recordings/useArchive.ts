import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { useReadable } from '@/hooks/useReadable';
import { keys } from '@/lib/api/keys';
import { archive, type ArchiveFilter } from '@/lib/api/services/archive';
import { type NewShare, type Recording, type RecordingExport } from '@/lib/api/types';
import { erasures } from '@/lib/pendingActs';

/** Milliseconds between looks while something is being made; pushes tell only of its end. */
const busyPoll = 3_000;

/** Recordings this person may know of, the newest first. */
export function useRecordings(filter: ArchiveFilter, wanted = true) {
  return useQuery({
    queryKey: keys.recordings.list(filter),
    queryFn: ({ signal }) => archive.getList(filter, signal),
    select: (list) => [...list].sort((a, b) => b.askedAt.localeCompare(a.askedAt)),
    refetchInterval: ({ state }) => (state.data?.some((r) => r.state === 'finalising') ? busyPoll : false),
    placeholderData: keepPreviousData, // a list that empties at each letter of a search is no list
    enabled: wanted,
  });
}

export function useOneRecording(recording: string) {
  return useQuery({ queryKey: keys.recordings.one(recording), queryFn: ({ signal }) => archive.get(recording, signal), refetchInterval: ({ state }) => (state.data?.state === 'finalising' ? busyPoll : false) });
}

export function useConsents(recording: string) {
  return useQuery({ queryKey: keys.recordings.part(recording, 'consents'), queryFn: ({ signal }) => archive.consents(recording, signal) });
}

/** Whether one's own part may be watched from now on. */
export function useReviewConsent(recording: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (decision: 'agreed' | 'withdrawn') => archive.review(recording, decision),
    onSettled: () => client.invalidateQueries({ queryKey: keys.recordings.all }),
  });
}

export function useViewers(recording: string) {
  return useQuery({ queryKey: keys.recordings.part(recording, 'viewers'), queryFn: ({ signal }) => archive.viewers(recording, signal) });
}

export function useErasure(recording: string) {
  return useQuery({
    queryKey: keys.recordings.part(recording, 'erasure'),
    queryFn: ({ signal }) => archive.erasure(recording, signal),
    refetchInterval: ({ state }) => (state.data?.state === 'pending' || state.data?.state === 'destroying' ? busyPoll : false),
  });
}

/** Who else may watch it, and changing that. */
export function useShares(recording: string) {
  const client = useQueryClient();
  const queryKey = keys.recordings.part(recording, 'shares');
  const onSettled = () => client.invalidateQueries({ queryKey });
  const list = useQuery({ queryKey, queryFn: ({ signal }) => archive.shares.getList(recording, signal) });
  const create = useMutation({ mutationFn: (share: NewShare) => archive.shares.create(recording, share), onSettled });
  const revoke = useMutation({ mutationFn: (share: string) => archive.shares.revoke(recording, share), onSettled });
  return { list, create, revoke };
}

/** Standard files made of it, followed while they are made. */
export function useExports(recording: string) {
  const client = useQueryClient();
  const queryKey = keys.recordings.part(recording, 'exports');
  const onSettled = () => client.invalidateQueries({ queryKey });
  const list = useQuery({
    queryKey,
    queryFn: ({ signal }) => archive.exports.getList(recording, signal),
    refetchInterval: ({ state }) => (state.data?.some((e) => e.state === 'waiting' || e.state === 'running') ? busyPoll : false),
  });
  const create = useMutation({ mutationFn: (kind: RecordingExport['kind']) => archive.exports.create(recording, kind), onSettled });
  const remove = useMutation({ mutationFn: (id: string) => archive.exports.remove(recording, id), onSettled });
  return { list, create, remove, fileOf: (id: string) => archive.exports.file(recording, id) };
}

/** Whether a legal hold keeps it and how it came to that; placing and lifting it is for admins. */
export function useHold(recording: string) {
  const client = useQueryClient();
  const history = useQuery({ queryKey: keys.recordings.part(recording, 'hold'), queryFn: ({ signal }) => archive.hold.get(recording, signal) });
  const change = useMutation({
    mutationFn: ({ on, reason }: { on: boolean; reason: string }) => (on ? archive.hold.set(recording, reason) : archive.hold.release(recording, reason)),
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: keys.recordings.all }), client.invalidateQueries({ queryKey: keys.retention })]),
  });
  return { history, change };
}

/** Erasing, with the seconds in which it can still be taken back. */
export function useErase(onFailed: (error: unknown) => void) {
  const client = useQueryClient();
  const pending = useReadable(erasures.pending);
  const erase = useCallback(
    ({ id }: Pick<Recording, 'id'>, reason: string, whose?: string) => {
      erasures.add(id, () => {
        archive
          .erase(id, reason, whose)
          .catch(onFailed)
          .finally(() => void client.invalidateQueries({ queryKey: keys.recordings.all }));
      });
    },
    [client, onFailed],
  );
  const undo = useCallback((id: string) => erasures.undo(id), []);
  return { pending, erase, undo };
}
