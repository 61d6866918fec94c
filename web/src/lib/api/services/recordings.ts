import {
  type Analytics,
  type ClinicalNote,
  type Hit,
  type Mark,
  type Note,
  type NoteFormat,
  type NoteLine,
  type NoteSection,
  type Play,
  type PlayTrack,
  type Recording,
  type Share,
  type Span,
  type Tag,
  type Timeline,
  type Transcript,
  type Viewer,
} from '@/lib/recording/model';
import { api, ask, askMaybe } from '../client';
import { asProblem, type Problem } from '../problem';

const at = (recording: string, signal?: AbortSignal) => ({ params: { path: { recording } }, signal: signal ?? null });

/** Browsers refuse larger bodies (64 KiB, in bytes) that outlive their page. */
const keepaliveLimit = 20_000;

/** One recording and what a therapist does with it afterwards. Every method rejects with a Problem. */
export const recordings = {
  get: (recording: string, signal?: AbortSignal): Promise<Recording> => ask(api.GET('/api/v1/recordings/{recording}', at(recording, signal))),
  timeline: (recording: string, signal?: AbortSignal): Promise<Timeline> => ask(api.GET('/api/v1/recordings/{recording}/timeline', at(recording, signal))),
  play: (recording: string): Promise<Play> => ask(api.POST('/api/v1/recordings/{recording}/plays', at(recording))),
  /** Says what really played. With `keepalive` it is sent even if the page goes meanwhile. */
  watched: async (recording: string, play: string, ranges: Span[], keepalive: boolean): Promise<void> => {
    await ask(api.POST('/api/v1/recordings/{recording}/plays/{play}/watched', { params: { path: { recording, play } }, body: { ranges }, keepalive }));
  },
  /** Why a track is refused, by asking for a byte of it: a media element tells only that it failed. Null when it is not. */
  refusal: async (track: PlayTrack): Promise<Problem | null> => {
    // An address of the play's own, so not in the typed API.
    const read = api.request as unknown as (method: 'get', path: string, init: object) => Promise<{ data?: unknown; error?: unknown; response: Response }>;
    try {
      await ask(read('get', track.url, { headers: { Range: 'bytes=0-0' }, parseAs: 'arrayBuffer' }));
      return null;
    } catch (cause) {
      return asProblem(cause);
    }
  },
  viewers: async (recording: string, signal?: AbortSignal): Promise<Viewer[]> =>
    (await ask(api.GET('/api/v1/recordings/{recording}/viewers', at(recording, signal)))).items,
  analytics: (recording: string, signal?: AbortSignal): Promise<Analytics> => ask(api.GET('/api/v1/recordings/{recording}/analytics', at(recording, signal))),

  shares: {
    getAll: async (recording: string, signal?: AbortSignal): Promise<Share[]> =>
      (await ask(api.GET('/api/v1/recordings/{recording}/shares', at(recording, signal)))).items,
    create: (recording: string, share: { userId: string; fromMs?: number; toMs?: number; expiresAt: string; note?: string }): Promise<Share> =>
      ask(api.POST('/api/v1/recordings/{recording}/shares', { ...at(recording), body: share })),
    revoke: async (recording: string, share: string): Promise<void> => {
      await ask(api.DELETE('/api/v1/recordings/{recording}/shares/{share}', { params: { path: { recording, share } } }));
    },
  },

  /** Private bookmarks. */
  marks: {
    getAll: async (recording: string, signal?: AbortSignal): Promise<Mark[]> =>
      (await ask(api.GET('/api/v1/recordings/{recording}/marks', at(recording, signal)))).items,
    create: (recording: string, mark: { atMs: number; label: string }): Promise<Mark> =>
      ask(api.POST('/api/v1/recordings/{recording}/marks', { ...at(recording), body: mark })),
    rename: (recording: string, mark: string, label: string): Promise<Mark> =>
      ask(api.PATCH('/api/v1/recordings/{recording}/marks/{mark}', { params: { path: { recording, mark } }, body: { label } })),
    delete: async (recording: string, mark: string): Promise<void> => {
      await ask(api.DELETE('/api/v1/recordings/{recording}/marks/{mark}', { params: { path: { recording, mark } } }));
    },
  },

  notes: {
    getAll: async (recording: string, signal?: AbortSignal): Promise<Note[]> =>
      (await ask(api.GET('/api/v1/recordings/{recording}/notes', at(recording, signal)))).items,
    create: (recording: string, note: { atMs: number; toMs?: number; text: string; parentId?: string }): Promise<Note> =>
      ask(api.POST('/api/v1/recordings/{recording}/notes', { ...at(recording), body: note })),
    update: (recording: string, note: string, text: string): Promise<Note> =>
      ask(api.PATCH('/api/v1/recordings/{recording}/notes/{note}', { params: { path: { recording, note } }, body: { text } })),
    resolve: (recording: string, note: string, resolved: boolean): Promise<Note> =>
      ask(api.POST('/api/v1/recordings/{recording}/notes/{note}/resolve', { params: { path: { recording, note } }, body: { resolved } })),
    delete: async (recording: string, note: string): Promise<void> => {
      await ask(api.DELETE('/api/v1/recordings/{recording}/notes/{note}', { params: { path: { recording, note } } }));
    },
  },

  tags: {
    get: async (recording: string, signal?: AbortSignal): Promise<string[]> =>
      (await ask(api.GET('/api/v1/recordings/{recording}/tags', at(recording, signal)))).codes,
    set: async (recording: string, codes: string[]): Promise<string[]> =>
      (await ask(api.PUT('/api/v1/recordings/{recording}/tags', { ...at(recording), body: { codes } }))).codes,
    /** The practice's own set. */
    codes: async (signal?: AbortSignal): Promise<Tag[]> => (await ask(api.GET('/api/v1/review/tags', { signal: signal ?? null }))).items,
  },

  clinicalNote: {
    /** Null before its first line. */
    get: (recording: string, signal?: AbortSignal): Promise<ClinicalNote | null> =>
      askMaybe(api.GET('/api/v1/recordings/{recording}/clinical-note', at(recording, signal)), 404),
    save: (recording: string, note: { format: NoteFormat; sections: NoteSection[]; version: number }): Promise<ClinicalNote> =>
      // The page may be closed a moment after the last word.
      ask(api.PUT('/api/v1/recordings/{recording}/clinical-note', { ...at(recording), body: note, keepalive: JSON.stringify(note).length < keepaliveLimit })),
    sign: (recording: string, version: number): Promise<ClinicalNote> =>
      ask(api.POST('/api/v1/recordings/{recording}/clinical-note/sign', { ...at(recording), body: { version } })),
    amend: (recording: string, lines: NoteLine[]): Promise<ClinicalNote> =>
      ask(api.POST('/api/v1/recordings/{recording}/clinical-note/amendments', { ...at(recording), body: { lines } })),
  },

  transcript: {
    /** Null when none was imported. */
    get: (recording: string, signal?: AbortSignal): Promise<Transcript | null> =>
      askMaybe(api.GET('/api/v1/recordings/{recording}/transcript', at(recording, signal)), 404),
    /** WebVTT goes in as it is, which the API's description, being of JSON, does not know. */
    put: async (recording: string, vtt: string): Promise<void> => {
      const send = api.request as unknown as (method: 'put', path: string, init: object) => Promise<{ data?: unknown; error?: unknown; response: Response }>;
      await ask(send('put', '/api/v1/recordings/{recording}/transcript', { ...at(recording), body: vtt, bodySerializer: (text: string) => text, headers: { 'Content-Type': 'text/vtt' } }));
    },
    delete: async (recording: string): Promise<void> => {
      await ask(api.DELETE('/api/v1/recordings/{recording}/transcript', at(recording)));
    },
    search: async (recording: string, q: string, signal?: AbortSignal): Promise<Hit[]> =>
      (await ask(api.GET('/api/v1/recordings/{recording}/transcript/search', { params: { path: { recording }, query: { q, limit: 100 } }, signal: signal ?? null }))).items,
  },
};

/** Whether a failed request means that the right to watch is over, not that this file or this play is. */
export function isGone(cause: unknown): boolean {
  const { status, code } = asProblem(cause);
  if (code === 'recording_damaged' || code === 'play_expired') return false;
  return status === 401 || status === 403 || status === 404 || status === 410;
}

export type RecordingsService = typeof recordings;
