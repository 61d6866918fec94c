import { api, ask, askAll } from '../client';
import { type Care, type CareUnit, type Colleague, type Invitation, type Person, type Role } from '../types';

/** Who works and who is treated here, invitations, and who treats whom. */
export const people = {
  getAll: (signal?: AbortSignal): Promise<Person[]> =>
    askAll((query) => api.GET('/api/v1/people', { params: { query }, signal: signal ?? null })),
  /** Who else works here; a therapist knows no other account but their clients'. */
  colleagues: async (signal?: AbortSignal): Promise<Colleague[]> =>
    (await ask(api.GET('/api/v1/colleagues', { signal: signal ?? null }))).items,
  update: (id: string, change: { name?: string; role?: Role; active?: boolean }): Promise<Person> =>
    ask(api.PATCH('/api/v1/people/{id}', { params: { path: { id } }, body: change })),
  invitations: {
    getAll: (signal?: AbortSignal): Promise<Invitation[]> =>
      askAll((query) => api.GET('/api/v1/invitations', { params: { query }, signal: signal ?? null })),
    create: (invitation: { email: string; name: string; role: Role; therapistId?: string }): Promise<Invitation> =>
      ask(api.POST('/api/v1/invitations', { body: invitation })),
    revoke: async (id: string): Promise<void> => {
      await ask(api.DELETE('/api/v1/invitations/{id}', { params: { path: { id } } }));
    },
  },
  care: {
    getAll: (signal?: AbortSignal): Promise<Care[]> =>
      askAll((query) => api.GET('/api/v1/care', { params: { query }, signal: signal ?? null })),
    set: async (therapistId: string, clientId: string): Promise<void> => {
      await ask(api.PUT('/api/v1/care', { body: { therapistId, clientId } }));
    },
    end: async (therapistId: string, clientId: string): Promise<void> => {
      await ask(api.DELETE('/api/v1/care', { params: { query: { therapistId, clientId } } }));
    },
  },
  /** Couples, families and groups that are treated together. */
  units: {
    getAll: async (signal?: AbortSignal): Promise<CareUnit[]> =>
      (await ask(api.GET('/api/v1/care-units', { signal: signal ?? null }))).items,
  },
};

export type PeopleService = typeof people;
