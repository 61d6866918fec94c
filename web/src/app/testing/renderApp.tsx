import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { render } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { createMemoryRouter, RouterProvider } from 'react-router';
import { expect, vi } from 'vitest';
import { startI18n } from '@/i18n';
import { answer, meOf } from '../../../scripts/mock.mjs';
import { newQueryClient } from '../queryClient';
import { routes } from '../router';
import { cssVariables, theme } from '../theme';

export interface Seen {
  method: string;
  path: string;
  body: unknown;
}

type Reply = { status: number; body?: unknown };

interface Options {
  /** Who is signed in, by id in scripts/mock.mjs; nobody if absent. */
  me?: string;
  /** Answers before the stand-in practice does, by "METHOD /path". */
  on?: Record<string, (seen: Seen) => Reply>;
}

/** A socket that never opens: pages must stand without one. */
class SilentSocket extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readonly readyState = 0;
  send() {}
  close() {}
}

/** The whole app at one address, against the stand-in practice. */
export async function renderApp(path: string, { me, on = {} }: Options = {}) {
  const seen: Seen[] = [];
  let now = me ? meOf(me) : null;
  vi.stubGlobal('WebSocket', SilentSocket);
  vi.stubGlobal('fetch', async (request: Request) => {
    const url = new URL(request.url);
    const text = request.method === 'GET' ? '' : await request.text();
    const call = { method: request.method, path: url.pathname.replace('/api/v1', ''), body: text && request.headers.get('Content-Type')?.startsWith('application/json') ? (JSON.parse(text) as unknown) : text || undefined };
    seen.push(call);
    const own = on[`${call.method} ${call.path}`];
    const reply = own ? own(call) : answer(now, call.method, url.pathname, url.searchParams);
    if (call.path === '/sign-out') now = null;
    return new Response(reply.body === undefined ? null : JSON.stringify(reply.body), {
      status: reply.status,
      headers: { 'Content-Type': reply.status < 400 ? 'application/json' : 'application/problem+json' },
    });
  });
  await startI18n();
  const router = createMemoryRouter(routes, { initialEntries: [path] });
  const client = newQueryClient();
  const view = render(
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} env="test">
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
        <Notifications />
      </QueryClientProvider>
    </MantineProvider>,
  );
  return { ...view, router, client, seen, user: userEvent.setup() };
}

/**
 * Asserts that axe finds nothing. Contrast and sizes need a real browser and
 * are checked by scripts/shots.mjs.
 */
export async function expectAccessible(where: Element = document.body) {
  const { violations } = await axe.run(where, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'],
    rules: { 'color-contrast': { enabled: false } },
  });
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' | ')}`)).toEqual([]);
}
