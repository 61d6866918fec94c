import { api, ask, askAll } from '../client';
import {
  type Attendance,
  type GuestLink,
  type JoinRoomResponse,
  type NewRoom,
  type Participant,
  type Recording,
  type Source,
  type VideoRoom,
} from '../types';

export interface RoomSpan {
  /** RFC 3339; sessions that end after this moment. */
  from?: string;
  /** RFC 3339; sessions that start before this moment. */
  to?: string;
}

/**
 * Sessions and who is in them, over REST. Media and live changes go over the
 * socket; see lib/realtime. Every method rejects with a Problem.
 */
export const videoCalls = {
  rooms: {
    create: (room: NewRoom): Promise<VideoRoom> => ask(api.POST('/api/v1/rooms', { body: room })),
    getList: (span: RoomSpan = {}, signal?: AbortSignal): Promise<VideoRoom[]> =>
      askAll((page) => api.GET('/api/v1/rooms', { params: { query: { ...span, ...page } }, signal: signal ?? null })),
    get: (room: string, signal?: AbortSignal): Promise<VideoRoom> =>
      ask(api.GET('/api/v1/rooms/{room}', { params: { path: { room } }, signal: signal ?? null })),
    join: (room: string): Promise<JoinRoomResponse> =>
      ask(api.POST('/api/v1/rooms/{room}/join', { params: { path: { room } } })),
    leave: async (room: string): Promise<void> => {
      await ask(api.POST('/api/v1/rooms/{room}/leave', { params: { path: { room } } }));
    },
    end: async (room: string): Promise<void> => {
      await ask(api.POST('/api/v1/rooms/{room}/end', { params: { path: { room } } }));
    },
    attendance: async (room: string, signal?: AbortSignal): Promise<Attendance[]> =>
      (await ask(api.GET('/api/v1/rooms/{room}/attendance', { params: { path: { room } }, signal: signal ?? null }))).items,
    guestLink: async (room: string): Promise<GuestLink> => {
      const { token, expiresAt } = await ask(api.POST('/api/v1/rooms/{room}/guest-links', { params: { path: { room } }, body: {} }));
      // The token stands in the fragment, which browsers send to nobody.
      return { link: `${window.location.origin}/guest#token=${token}`, expiresAt };
    },
  },

  participants: {
    getList: async (room: string, signal?: AbortSignal): Promise<Participant[]> =>
      (await ask(api.GET('/api/v1/rooms/{room}/participants', { params: { path: { room } }, signal: signal ?? null }))).items,
    mute: async (room: string, participant: string, source: Source = 'microphone'): Promise<void> => {
      await ask(
        api.POST('/api/v1/rooms/{room}/participants/{participant}/mute', {
          params: { path: { room, participant } },
          body: { source },
        }),
      );
    },
    kick: async (room: string, participant: string): Promise<void> => {
      await ask(api.POST('/api/v1/rooms/{room}/participants/{participant}/kick', { params: { path: { room, participant } } }));
    },
    admit: async (room: string, participant: string): Promise<void> => {
      await ask(api.POST('/api/v1/rooms/{room}/participants/{participant}/admit', { params: { path: { room, participant } } }));
    },
    deny: async (room: string, participant: string): Promise<void> => {
      await ask(api.POST('/api/v1/rooms/{room}/participants/{participant}/deny', { params: { path: { room, participant } } }));
    },
  },

  /** The same as the call's own controls, for pages and tools outside of it. */
  recording: {
    start: (room: string, purpose?: string): Promise<Recording> =>
      ask(api.POST('/api/v1/rooms/{room}/recordings', { params: { path: { room } }, body: purpose ? { purpose } : {} })),
    stop: (room: string): Promise<Recording> => ask(api.POST('/api/v1/rooms/{room}/recordings/stop', { params: { path: { room } } })),
    getRecordings: async (meeting: string, signal?: AbortSignal): Promise<Recording[]> =>
      (await ask(api.GET('/api/v1/meetings/{meeting}/recordings', { params: { path: { meeting } }, signal: signal ?? null }))).items,
  },
};

export type VideoCallService = typeof videoCalls;
