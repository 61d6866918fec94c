import { api, ask, askMaybe } from '../client';
import { type Device, type InvitationPreview, type Me } from '../types';

/** Signing in and out, by each of the ways in, and one's own devices. */
export const account = {
  /** Who is asking; null when nobody is signed in. */
  me: (signal?: AbortSignal): Promise<Me | null> => askMaybe(api.GET('/api/v1/me', { signal: signal ?? null }), 401),
  update: (change: { name?: string; locale?: string; timeZone?: string }): Promise<Me> =>
    ask(api.PATCH('/api/v1/me', { body: change })),
  setup: (first: { token: string; name: string; email: string; password: string }): Promise<Me> =>
    ask(api.POST('/api/v1/setup', { body: first })),
  signIn: (email: string, password: string): Promise<Me> =>
    ask(api.POST('/api/v1/sign-in', { body: { email, password } })),
  signInByLink: (token: string): Promise<Me> =>
    ask(api.POST('/api/v1/sign-in-links/{token}', { params: { path: { token } } })),
  signInAsGuest: (token: string, name: string): Promise<Me> =>
    ask(api.POST('/api/v1/guest-links/{token}', { params: { path: { token } }, body: { name } })),
  signOut: async (): Promise<void> => {
    await ask(api.POST('/api/v1/sign-out', {}));
  },
  changePassword: async (current: string, next: string): Promise<void> => {
    await ask(api.POST('/api/v1/password', { body: { current, next } }));
  },
  invitation: {
    preview: (token: string, signal?: AbortSignal): Promise<InvitationPreview> =>
      ask(api.GET('/api/v1/invitations/{token}/preview', { params: { path: { token } }, signal: signal ?? null })),
    accept: (token: string, name: string, password: string): Promise<Me> =>
      ask(api.POST('/api/v1/invitations/{token}/accept', { params: { path: { token } }, body: { name, password } })),
  },
  devices: {
    getAll: async (signal?: AbortSignal): Promise<Device[]> =>
      (await ask(api.GET('/api/v1/sessions', { signal: signal ?? null }))).items,
    revoke: async (id: string): Promise<void> => {
      await ask(api.DELETE('/api/v1/sessions/{id}', { params: { path: { id } } }));
    },
  },
};

export type AccountService = typeof account;
