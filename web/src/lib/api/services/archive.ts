import { api, ask, askAll } from '../client';
import { type paths } from '../schema.gen';
import { type Erasure, type NewShare, type Recording, type RecordingConsent, type RecordingExport, type RecordingHold, type RecordingShare, type RecordingViewer } from '../types';

type Query = NonNullable<paths['/api/v1/recordings']['get']['parameters']['query']>;
export type ArchiveFilter = Omit<NonNullable<Query>, 'cursor' | 'limit'>;

/**
 * The recordings that are kept: which there are, who agreed, who watched, who
 * else may, and their end. Watching is the review page's; see recordings.ts.
 */
export const archive = {
  getList: (filter: ArchiveFilter, signal?: AbortSignal): Promise<Recording[]> =>
    askAll((page) => api.GET('/api/v1/recordings', { params: { query: { ...filter, ...page } }, signal: signal ?? null })),
  get: (recording: string, signal?: AbortSignal): Promise<Recording> =>
    ask(api.GET('/api/v1/recordings/{recording}', { params: { path: { recording } }, signal: signal ?? null })),
  consents: async (recording: string, signal?: AbortSignal): Promise<RecordingConsent[]> =>
    (await ask(api.GET('/api/v1/recordings/{recording}/consents', { params: { path: { recording } }, signal: signal ?? null }))).items,
  /** One's own word on whether one's part may be watched from now on. */
  review: async (recording: string, decision: 'agreed' | 'withdrawn'): Promise<void> => {
    await ask(api.POST('/api/v1/recordings/{recording}/consents', { params: { path: { recording } }, body: { decision } }));
  },
  viewers: async (recording: string, signal?: AbortSignal): Promise<RecordingViewer[]> =>
    (await ask(api.GET('/api/v1/recordings/{recording}/viewers', { params: { path: { recording } }, signal: signal ?? null }))).items,
  /** @param whose the person in it who asked for it, if one did. */
  erase: (recording: string, reason: string, whose?: string): Promise<Erasure> =>
    ask(api.DELETE('/api/v1/recordings/{recording}', { params: { path: { recording } }, body: { reason, ...(whose ? { for: whose } : {}) } })),
  /** How an erasure stands, and what is left of an erased recording: its proof. */
  erasure: (recording: string, signal?: AbortSignal): Promise<Erasure> =>
    ask(api.GET('/api/v1/recordings/{recording}/erasure', { params: { path: { recording } }, signal: signal ?? null })),
  shares: {
    getList: async (recording: string, signal?: AbortSignal): Promise<RecordingShare[]> =>
      (await ask(api.GET('/api/v1/recordings/{recording}/shares', { params: { path: { recording } }, signal: signal ?? null }))).items,
    create: (recording: string, share: NewShare): Promise<RecordingShare> =>
      ask(api.POST('/api/v1/recordings/{recording}/shares', { params: { path: { recording } }, body: share })),
    revoke: async (recording: string, share: string): Promise<void> => {
      await ask(api.DELETE('/api/v1/recordings/{recording}/shares/{share}', { params: { path: { recording, share } } }));
    },
  },
  exports: {
    getList: async (recording: string, signal?: AbortSignal): Promise<RecordingExport[]> =>
      (await ask(api.GET('/api/v1/recordings/{recording}/exports', { params: { path: { recording } }, signal: signal ?? null }))).items,
    create: (recording: string, kind: RecordingExport['kind']): Promise<RecordingExport> =>
      ask(api.POST('/api/v1/recordings/{recording}/exports', { params: { path: { recording } }, body: { kind } })),
    remove: async (recording: string, id: string): Promise<void> => {
      await ask(api.DELETE('/api/v1/recordings/{recording}/exports/{export}', { params: { path: { recording, export: id } } }));
    },
    /** Where a browser downloads it. */
    file: (recording: string, id: string): string => `/api/v1/recordings/${encodeURIComponent(recording)}/exports/${encodeURIComponent(id)}/file`,
  },
  hold: {
    get: (recording: string, signal?: AbortSignal): Promise<RecordingHold> =>
      ask(api.GET('/api/v1/recordings/{recording}/hold', { params: { path: { recording } }, signal: signal ?? null })),
    set: (recording: string, reason: string): Promise<RecordingHold> =>
      ask(api.PUT('/api/v1/recordings/{recording}/hold', { params: { path: { recording } }, body: { reason } })),
    release: (recording: string, reason: string): Promise<RecordingHold> =>
      ask(api.DELETE('/api/v1/recordings/{recording}/hold', { params: { path: { recording } }, body: { reason } })),
  },
  marks: {
    remove: async (recording: string, mark: string): Promise<void> => {
      await ask(api.DELETE('/api/v1/recordings/{recording}/marks/{mark}', { params: { path: { recording, mark } } }));
    },
  },
};

export type ArchiveService = typeof archive;
