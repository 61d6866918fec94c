import { ask, askAll } from '../client';
import { draft as api, type RecordingQuery } from '../recordings.shim';
import { type ErasureProof, type Recording, type RecordingConsent, type RecordingExport, type RecordingShare, type RecordingViewer } from '../types';

export type ArchiveFilter = Pick<RecordingQuery, 'from' | 'to' | 'person' | 'state' | 'q'>;

export interface NewShare {
  userId: string;
  /** Milliseconds of the recording; absent means all of it. */
  fromMs?: number;
  toMs?: number;
  /** RFC 3339. */
  expiresAt: string;
  note?: string;
}

/**
 * The recordings that are kept: which there are, who agreed, who watched, who
 * else may, and their end. Watching is the review page's; see recordings.ts.
 */
export const archive = {
  getList: (filter: ArchiveFilter, signal?: AbortSignal): Promise<Recording[]> =>
    askAll((page) => api.GET('/api/v1/recordings', { params: { path: {}, query: { ...filter, ...page } }, signal: signal ?? null })),
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
  erase: async (recording: string, reason: string): Promise<void> => {
    await ask(api.DELETE('/api/v1/recordings/{recording}', { params: { path: { recording } }, body: { reason } }));
  },
  /** What is left of an erased one: that it was, and how it ended. */
  erasure: (recording: string, signal?: AbortSignal): Promise<ErasureProof> =>
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
    set: async (recording: string, reason: string): Promise<void> => {
      await ask(api.PUT('/api/v1/recordings/{recording}/hold', { params: { path: { recording } }, body: { reason } }));
    },
    release: async (recording: string, reason: string): Promise<void> => {
      await ask(api.DELETE('/api/v1/recordings/{recording}/hold', { params: { path: { recording } }, body: { reason } }));
    },
  },
  marks: {
    remove: async (recording: string, mark: string): Promise<void> => {
      await ask(api.DELETE('/api/v1/recordings/{recording}/marks/{mark}', { params: { path: { recording, mark } } }));
    },
  },
};

export type ArchiveService = typeof archive;
