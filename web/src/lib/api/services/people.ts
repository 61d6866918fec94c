import { api, ask } from '../client';
import { type Care, type Invitation, type Person, type Role } from '../types';

/** Who works and who is treated here, invitations, and who treats whom. */
export const people = {
  getAll: async (signal?: AbortSignal): Promise<Person[]> =>
    (await ask(api.GET('/api/v1/people', { signal: signal ?? null }))).items,
  update: (id: string, change: { name?: string; role?: Role; active?: boolean }): Promise<Person> =>
    ask(api.PATCH('/api/v1/people/{id}', { params: { path: { id } }, body: change })),
  invitations: {
    getAll: async (signal?: AbortSignal): Promise<Invitation[]> =>
      (await ask(api.GET('/api/v1/invitations', { signal: signal ?? null }))).items,
    create: (invitation: { email: string; name: string; role: Role }): Promise<Invitation> =>
      ask(api.POST('/api/v1/invitations', { body: invitation })),
    revoke: async (id: string): Promise<void> => {
      await ask(api.DELETE('/api/v1/invitations/{id}', { params: { path: { id } } }));
    },
  },
  care: {
    getAll: async (signal?: AbortSignal): Promise<Care[]> =>
      (await ask(api.GET('/api/v1/care', { signal: signal ?? null }))).items,
    set: async (therapistId: string, clientId: string): Promise<void> => {
      await ask(api.PUT('/api/v1/care', { body: { therapistId, clientId } }));
    },
    end: async (therapistId: string, clientId: string): Promise<void> => {
      await ask(api.DELETE('/api/v1/care', { body: { therapistId, clientId } }));
    },
  },
};

export type PeopleService = typeof people;
