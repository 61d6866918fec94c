import { api, ask, askAll } from '../client';
import { type RetentionDue, type RetentionPolicies, type RetentionPreview } from '../types';

/** How long recordings are kept, by kind of session, and which end next. For admins. */
export const retention = {
  policies: (signal?: AbortSignal): Promise<RetentionPolicies> => ask(api.GET('/api/v1/retention/policies', { signal: signal ?? null })),
  /** Refused with 412 when somebody changed them since `version`. */
  save: (policies: RetentionPolicies): Promise<RetentionPolicies> => ask(api.PUT('/api/v1/retention/policies', { body: policies })),
  /** What these rules would announce for erasure, without doing it. */
  preview: ({ noticeDays, rules }: RetentionPolicies): Promise<RetentionPreview> => ask(api.POST('/api/v1/retention/preview', { body: { noticeDays, rules } })),
  due: (signal?: AbortSignal): Promise<RetentionDue[]> =>
    askAll((query) => api.GET('/api/v1/retention/due', { params: { query }, signal: signal ?? null })),
};

export type RetentionService = typeof retention;
