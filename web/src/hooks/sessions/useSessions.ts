import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { keys } from '@/lib/api/keys';
import { type RoomSpan, videoCalls } from '@/lib/api/services/video-calls';
import { type NewRoom } from '@/lib/api/types';

/**
 * The sessions of a span, by start. Pushes refresh it at once; the slow poll
 * is for the minutes in which the socket is away.
 */
export function useSessions(span: RoomSpan) {
  return useQuery({
    queryKey: keys.rooms.list(span),
    queryFn: ({ signal }) => videoCalls.rooms.getList(span, signal),
    select: (rooms) => [...rooms].sort((a, b) => a.startsAt.localeCompare(b.startsAt)),
    refetchInterval: 60_000,
  });
}

export function useScheduleSession() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (room: NewRoom) => videoCalls.rooms.create(room),
    onSuccess: (room) => {
      client.setQueryData(keys.rooms.one(room.id), room);
      return client.invalidateQueries({ queryKey: keys.rooms.all });
    },
  });
}

export function useEndSession() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (room: string) => videoCalls.rooms.end(room),
    onSettled: () => client.invalidateQueries({ queryKey: keys.rooms.all }),
  });
}

export function useGuestLink() {
  return useMutation({ mutationFn: (room: string) => videoCalls.rooms.guestLink(room) });
}

/** Who was there for how long; asked only once somebody wants to see it. */
export function useAttendance(room: string, wanted: boolean) {
  return useQuery({
    queryKey: keys.rooms.attendance(room),
    queryFn: ({ signal }) => videoCalls.rooms.attendance(room, signal),
    enabled: wanted,
  });
}
