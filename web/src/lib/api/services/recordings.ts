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
import { asProblem } from '../problem';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

interface Call {
  query?: Record<string, string>;
  body?: unknown;
  /** Sent as it is, not as JSON. */
  text?: { body: string; type: string };
  signal?: AbortSignal | undefined;
  /** The page may go before the answer comes. */
  keepalive?: boolean;
}

type Answered = Promise<{ data?: unknown; error?: unknown; response: Response }>;

function call<T>(method: Method, recording: string, rest: string, { query, body, text, signal, keepalive }: Call = {}) {
  const request = api.request as unknown as (method: Method, path: string, init: Record<string, unknown>) => Answered;
  return request(method, `/api/v1/recordings/{recording}${rest}`, {
    params: { path: { recording }, query: query ?? {} },
    ...(text ? { body: text.body, bodySerializer: (b: unknown) => b, headers: { 'Content-Type': text.type } } : body === undefined ? {} : { body }),
    ...(keepalive ? { keepalive } : {}),
    signal: signal ?? null,
  }) as Promise<{ data?: T; error?: unknown; response: Response }>;
}

const items = async <T>(asked: Promise<{ items: T[] }>): Promise<T[]> => (await asked).items;

/** Recordings and what a therapist does with one afterwards. Every method rejects with a Problem. */
export const recordings = {
  get: (recording: string, signal?: AbortSignal): Promise<Recording> => ask(call<Recording>('get', recording, '', { signal })),
  timeline: (recording: string, signal?: AbortSignal): Promise<Timeline> => ask(call<Timeline>('get', recording, '/timeline', { signal })),
  play: (recording: string): Promise<Play> => ask(call<Play>('post', recording, '/plays')),
  watched: async (recording: string, play: string, ranges: Span[], keepalive: boolean): Promise<void> => {
    await ask(call<void>('post', recording, `/plays/${play}/watched`, { body: { ranges }, keepalive }));
  },
  /** What the server says to a track's address; a media element tells only that it failed. */
  probe: async (track: PlayTrack): Promise<number> => {
    try {
      const response = await globalThis.fetch(new Request(new URL(track.url, location.origin), { headers: { Range: 'bytes=0-0' }, credentials: 'same-origin' }));
      await response.body?.cancel();
      return response.status;
    } catch {
      return 0;
    }
  },
  viewers: (recording: string, signal?: AbortSignal): Promise<Viewer[]> =>
    items(ask(call<{ items: Viewer[] }>('get', recording, '/viewers', { signal }))),
  analytics: (recording: string, signal?: AbortSignal): Promise<Analytics> => ask(call<Analytics>('get', recording, '/analytics', { signal })),

  shares: {
    getAll: (recording: string, signal?: AbortSignal): Promise<Share[]> => items(ask(call<{ items: Share[] }>('get', recording, '/shares', { signal }))),
    create: (recording: string, share: { userId: string; fromMs?: number; toMs?: number; expiresAt: string; note?: string }): Promise<Share> =>
      ask(call<Share>('post', recording, '/shares', { body: share })),
    revoke: async (recording: string, share: string): Promise<void> => {
      await ask(call<void>('delete', recording, `/shares/${share}`));
    },
  },

  marks: {
    getAll: (recording: string, signal?: AbortSignal): Promise<Mark[]> => items(ask(call<{ items: Mark[] }>('get', recording, '/marks', { signal }))),
    create: (recording: string, mark: { atMs: number; label: string }): Promise<Mark> => ask(call<Mark>('post', recording, '/marks', { body: mark })),
    update: (recording: string, mark: string, change: { atMs?: number; label?: string }): Promise<Mark> =>
      ask(call<Mark>('patch', recording, `/marks/${mark}`, { body: change })),
    delete: async (recording: string, mark: string): Promise<void> => {
      await ask(call<void>('delete', recording, `/marks/${mark}`));
    },
  },

  notes: {
    getAll: (recording: string, signal?: AbortSignal): Promise<Note[]> => items(ask(call<{ items: Note[] }>('get', recording, '/notes', { signal }))),
    create: (recording: string, note: { atMs: number; toMs?: number; text: string; parentId?: string }): Promise<Note> =>
      ask(call<Note>('post', recording, '/notes', { body: note })),
    update: (recording: string, note: string, change: { text: string }): Promise<Note> => ask(call<Note>('patch', recording, `/notes/${note}`, { body: change })),
    resolve: (recording: string, note: string, resolved: boolean): Promise<Note> =>
      ask(call<Note>('post', recording, `/notes/${note}/resolve`, { body: { resolved } })),
    delete: async (recording: string, note: string): Promise<void> => {
      await ask(call<void>('delete', recording, `/notes/${note}`));
    },
  },

  tags: {
    get: async (recording: string, signal?: AbortSignal): Promise<string[]> => (await ask(call<{ codes: string[] }>('get', recording, '/tags', { signal }))).codes,
    set: async (recording: string, codes: string[]): Promise<string[]> => (await ask(call<{ codes: string[] }>('put', recording, '/tags', { body: { codes } }))).codes,
    /** The practice's own set. */
    codes: async (signal?: AbortSignal): Promise<Tag[]> => {
      const request = api.request as unknown as (method: Method, path: string, init: Record<string, unknown>) => Answered;
      return (await ask(request('get', '/api/v1/review/tags', { signal: signal ?? null }) as Promise<{ data?: { items: Tag[] }; response: Response }>)).items;
    },
  },

  clinicalNote: {
    /** Null before its first line. */
    get: (recording: string, signal?: AbortSignal): Promise<ClinicalNote | null> =>
      askMaybe(call<ClinicalNote>('get', recording, '/clinical-note', { signal }), 404),
    save: (recording: string, note: { format: NoteFormat; sections: NoteSection[]; version: number }): Promise<ClinicalNote> =>
      ask(call<ClinicalNote>('put', recording, '/clinical-note', { body: note })),
    sign: (recording: string, version: number): Promise<ClinicalNote> =>
      ask(call<ClinicalNote>('post', recording, '/clinical-note/sign', { body: { version } })),
    amend: (recording: string, lines: NoteLine[]): Promise<ClinicalNote> =>
      ask(call<ClinicalNote>('post', recording, '/clinical-note/amendments', { body: { lines } })),
  },

  transcript: {
    /** Null when none was imported. */
    get: (recording: string, signal?: AbortSignal): Promise<Transcript | null> =>
      askMaybe(call<Transcript>('get', recording, '/transcript', { signal }), 404),
    put: async (recording: string, vtt: string): Promise<void> => {
      await ask(call<unknown>('put', recording, '/transcript', { text: { body: vtt, type: 'text/vtt' } }));
    },
    delete: async (recording: string): Promise<void> => {
      await ask(call<void>('delete', recording, '/transcript'));
    },
    search: (recording: string, q: string, signal?: AbortSignal): Promise<Hit[]> =>
      items(ask(call<{ items: Hit[] }>('get', recording, '/transcript/search', { query: { q, limit: '100' }, signal }))),
  },
};

/** Whether a failed request means that the right to watch is over. */
export function isGone(cause: unknown): boolean {
  const { status } = asProblem(cause);
  return status === 401 || status === 403 || status === 404 || status === 410;
}

export type RecordingsService = typeof recordings;
