/** The addresses and bodies of recordings until schema.gen.ts has them. */
import createClient from 'openapi-fetch';

type Id = string;

export interface DraftSchemas {
  Recording: {
    id: Id;
    roomId: Id;
    meetingId: Id;
    title: string;
    kind: string;
    state: 'asking' | 'recording' | 'finalising' | 'ready' | 'failed' | 'cancelled' | 'erased';
    purpose: string;
    policyVersion: string;
    askedAt: string;
    startedAt?: string;
    stoppedAt?: string;
    stopReason?: string;
    durationMs: number;
    bytes: number;
    startedBy: { id: Id; name: string };
    host: { id: Id; name: string };
    people: { identity: Id; name: string; role: 'host' | 'participant' | 'guest'; consent: 'wait' | 'agreed' | 'declined' | 'withdrawn'; review: boolean }[];
    recovered: boolean;
    lostMs: number;
    failure?: string;
    legalHold: boolean;
    purgeAt?: string;
    tags?: string[];
    access: 'full' | 'comment' | 'own' | 'proof';
    share?: { id: Id; fromMs: number; toMs: number; expiresAt: string };
    erasedAt?: string;
  };
  RecordingConsent: { seq: number; identity: Id; name: string; role: string; scope: 'recording' | 'review'; state: 'wait' | 'agreed' | 'declined' | 'withdrawn'; purpose: string; policyVersion: string; at: string };
  RecordingViewer: { identity: Id; name: string; role: string; firstAt: string; lastAt: string; seconds: number; ranges: { fromMs: number; toMs: number }[] };
  RecordingShare: { id: Id; user: { id: Id; name: string }; fromMs?: number; toMs?: number; note: string; createdAt: string; expiresAt: string; revokedAt?: string };
  RecordingExport: { id: Id; kind: 'tracks' | 'combined'; state: 'queued' | 'running' | 'ready' | 'failed'; progress: number; bytes: number; createdAt: string; expiresAt?: string; failure?: string };
  ErasureProof: { recording: Id; erasedAt: string; reason: string; by: { id: Id; name: string }; keyFingerprint: string; statement: string };
  RetentionPolicy: { kind: string; keepDays: number; noticeDays: number };
  RetentionDue: { recording: Id; title: string; purgeAt: string; legalHold: boolean };
}

type Json<T> = { content: { 'application/json': T } };
interface Call<Path, Query, Body, Out> {
  parameters: { path: Path; query?: Query };
  requestBody?: Body extends undefined ? never : Json<Body>;
  responses: { 200: Out extends undefined ? { content?: never } : Json<Out> };
}
type Items<T> = { items: T[]; next?: string };
type R = { recording: Id };
type S = DraftSchemas;
export interface RecordingQuery {
  from?: string;
  to?: string;
  person?: string;
  state?: S['Recording']['state'];
  q?: string;
  cursor?: string;
  limit?: number;
}

interface DraftPaths {
  '/api/v1/recordings': { get: Call<Record<string, never>, RecordingQuery, undefined, Items<S['Recording']>> };
  '/api/v1/recordings/{recording}': { get: Call<R, never, undefined, S['Recording']>; delete: Call<R, never, { reason: string }, undefined> };
  '/api/v1/meetings/{meeting}/recordings': { get: Call<{ meeting: Id }, never, undefined, Items<S['Recording']>> };
  '/api/v1/rooms/{room}/recordings': { post: Call<{ room: Id }, never, { purpose?: string }, S['Recording']> };
  '/api/v1/rooms/{room}/recordings/stop': { post: Call<{ room: Id }, never, undefined, S['Recording']> };
  '/api/v1/recordings/{recording}/consents': { get: Call<R, never, undefined, Items<S['RecordingConsent']>>; post: Call<R, never, { decision: 'agreed' | 'withdrawn' }, undefined> };
  '/api/v1/recordings/{recording}/viewers': { get: Call<R, never, undefined, Items<S['RecordingViewer']>> };
  '/api/v1/recordings/{recording}/shares': {
    get: Call<R, never, undefined, Items<S['RecordingShare']>>;
    post: Call<R, never, { userId: Id; fromMs?: number; toMs?: number; expiresAt: string; note?: string }, S['RecordingShare']>;
  };
  '/api/v1/recordings/{recording}/shares/{share}': { delete: Call<R & { share: Id }, never, undefined, undefined> };
  '/api/v1/recordings/{recording}/exports': {
    get: Call<R, never, undefined, Items<S['RecordingExport']>>;
    post: Call<R, never, { kind: 'tracks' | 'combined' }, S['RecordingExport']>;
  };
  '/api/v1/recordings/{recording}/exports/{export}': { delete: Call<R & { export: Id }, never, undefined, undefined> };
  '/api/v1/recordings/{recording}/hold': { put: Call<R, never, { reason: string }, undefined>; delete: Call<R, never, { reason: string }, undefined> };
  '/api/v1/recordings/{recording}/erasure': { get: Call<R, never, undefined, S['ErasureProof']> };
  '/api/v1/recordings/{recording}/marks/{mark}': { delete: Call<R & { mark: Id }, never, undefined, undefined> };
  '/api/v1/retention/policies': { get: Call<Record<string, never>, never, undefined, Items<S['RetentionPolicy']>>; put: Call<Record<string, never>, never, { items: S['RetentionPolicy'][] }, Items<S['RetentionPolicy']>> };
  '/api/v1/retention/due': { get: Call<Record<string, never>, never, undefined, Items<S['RetentionDue']>> };
}

export const draft = createClient<DraftPaths>({
  baseUrl: typeof location === 'undefined' ? '' : location.origin,
  credentials: 'same-origin',
  fetch: (request) => globalThis.fetch(request),
});
