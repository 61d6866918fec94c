import { ask } from '../client';
import { draft as api } from '../recordings.shim';
import { type RetentionDue, type RetentionPolicy } from '../types';

/** How long recordings are kept, by kind of session, and which end next. For admins. */
export const retention = {
  policies: async (signal?: AbortSignal): Promise<RetentionPolicy[]> =>
    (await ask(api.GET('/api/v1/retention/policies', { params: { path: {} }, signal: signal ?? null }))).items,
  save: async (items: RetentionPolicy[]): Promise<RetentionPolicy[]> =>
    (await ask(api.PUT('/api/v1/retention/policies', { params: { path: {} }, body: { items } }))).items,
  due: async (signal?: AbortSignal): Promise<RetentionDue[]> =>
    (await ask(api.GET('/api/v1/retention/due', { params: { path: {} }, signal: signal ?? null }))).items,
};
