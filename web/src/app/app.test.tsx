import { screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { moment } from '../../scripts/mock.mjs';
import { expectAccessible, renderApp } from './testing/renderApp';

const problem = (status: number, code: string, detail: string) => ({
  status,
  body: { type: `urn:mentara:problem:${code}`, title: '', status, detail, code, requestId: 'REQ7' },
});
const heading = (name: string | RegExp) => screen.findByRole('heading', { level: 1, name });

beforeEach(() => {
  vi.useFakeTimers({ now: moment, toFake: ['Date'] });
  localStorage.setItem('mentara.prefs', '{"timeZone":""}');
});
afterEach(() => vi.useRealTimers());

describe('the session guard', () => {
  it('asks a stranger to sign in and remembers where they wanted to go', async () => {
    const { router } = await renderApp('/sessions?show=past');
    await heading('Sign in');
    expect(router.state.location.pathname + router.state.location.search).toBe('/sign-in?to=%2Fsessions%3Fshow%3Dpast');
  });

  it('sends people back to sign in when their session ends elsewhere', async () => {
    let ended = false;
    const { user } = await renderApp('/', {
      me: 'T1',
      on: { 'GET /people': () => (ended ? problem(401, 'not_signed_in', 'Please sign in.') : { status: 200, body: { items: [] } }) },
    });
    await heading(/November/);
    ended = true;
    await user.click(screen.getByRole('link', { name: 'People' }));
    await heading('Sign in');
  });

  it('says when the server cannot be reached, and tries again', async () => {
    let down = true;
    const { user } = await renderApp('/sessions', {
      me: 'T1',
      on: { 'GET /me': () => (down ? problem(500, 'internal', 'secret detail') : { status: 200, body: { id: 'C1', kind: 'user', name: 'Mira', role: 'client', sessionId: 'S', practice: 'P', locale: 'en', timeZone: 'UTC' } }) },
    });
    const alert = await screen.findByRole('alert');
    expect(alert).toHaveTextContent('REQ7');
    expect(alert).not.toHaveTextContent('secret detail');
    down = false;
    await user.click(within(alert).getByRole('button', { name: 'Try again' }));
    await heading('Sessions');
  });

  it('gives a guest nothing but their room', async () => {
    const { router } = await renderApp('/people', {
      on: { 'GET /me': () => ({ status: 200, body: { id: 'G1', kind: 'guest', name: 'Sam', room: 'R1', sessionId: 'S', practice: 'P', locale: 'en', timeZone: 'UTC' } }) },
    });
    await waitFor(() => expect(router.state.location.pathname).toBe('/rooms/R1'));
  });
});

describe('signing in', () => {
  it('leads to where one wanted to go, inside this app only', async () => {
    const me = { id: 'C1', kind: 'user', name: 'Mira', role: 'client', sessionId: 'S', practice: 'P', locale: 'en', timeZone: 'UTC' };
    const { user, router, seen } = await renderApp('/sign-in?to=//evil.example', {
      on: { 'POST /sign-in': () => ({ status: 200, body: { next: 'done', ...me } }), 'GET /rooms': () => ({ status: 200, body: { items: [] } }) },
    });
    await heading('Sign in');
    await expectAccessible();
    await user.type(screen.getByLabelText('Email'), '  mira@example.org ');
    await user.type(screen.getByLabelText('Password'), 'four unrelated words');
    await user.click(screen.getByRole('button', { name: 'Sign in' }));
    await heading(/November/);
    expect(router.state.location.pathname).toBe('/');
    expect(seen.find((s) => s.path === '/sign-in')?.body).toEqual({ email: 'mira@example.org', password: 'four unrelated words' });
  });

  it('names the empty fields and asks the server nothing', async () => {
    const { user, seen } = await renderApp('/sign-in');
    await heading('Sign in');
    await user.click(screen.getByRole('button', { name: 'Sign in' }));
    expect(screen.getByLabelText('Email')).toHaveAccessibleDescription('Please enter your email address.');
    expect(screen.getByLabelText('Password')).toHaveAccessibleDescription('Please enter your password.');
    expect(seen.filter((s) => s.method === 'POST')).toEqual([]);
  });

  it("shows the server's words for a wrong password", async () => {
    const { user } = await renderApp('/sign-in');
    await heading('Sign in');
    await user.type(screen.getByLabelText('Email'), 'mira@example.org');
    await user.type(screen.getByLabelText('Password'), 'wrong');
    await user.click(screen.getByRole('button', { name: 'Sign in' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('Address or password is wrong.');
  });

  it('exchanges a one-click link once and wipes it', async () => {
    const wipe = vi.spyOn(window.history, 'replaceState');
    const { seen } = await renderApp('/link#token=ONCE');
    await heading('This sign-in link does not work'); // the stand-in says it was used
    expect(seen.filter((s) => s.path === '/sign-in-links/ONCE')).toHaveLength(1);
    expect(wipe.mock.calls.map(([, , url]) => url)).toEqual(['/link']);
    await expectAccessible();
  });

  it('lets a guest in by link and name', async () => {
    const { user, router, seen } = await renderApp('/guest#token=GUEST');
    await heading('Join a session');
    await expectAccessible();
    await user.click(screen.getByRole('button', { name: 'Continue' }));
    expect(screen.getByLabelText('Your name')).toBeInvalid();
    await user.type(screen.getByLabelText('Your name'), 'Sam');
    await user.click(screen.getByRole('button', { name: 'Continue' }));
    await waitFor(() => expect(router.state.location.pathname).toBe('/rooms/R1'));
    expect(seen.find((s) => s.path === '/guest-links/GUEST')?.body).toEqual({ name: 'Sam' });
  });

  it('keeps the address of an invitation and demands a good password', async () => {
    const { user, seen } = await renderApp('/invitation#token=GOOD');
    await heading('Welcome to Lindenhof Practice');
    await expectAccessible();
    expect(screen.getByLabelText('Email')).toHaveValue('mira@example.org');
    expect(screen.getByLabelText('Email')).toHaveAttribute('readonly');
    await user.type(screen.getByLabelText('Password'), 'short');
    await user.click(screen.getByRole('button', { name: 'Accept and continue' }));
    expect(screen.getByLabelText('Password')).toBeInvalid();
    expect(seen.filter((s) => s.method === 'POST')).toEqual([]);
  });
});

describe('Today', () => {
  it('shows a host the next session, who waits, and the way in', async () => {
    await renderApp('/', { me: 'T1' });
    const next = await screen.findByRole('region', { name: 'Individual session' });
    expect(next).toHaveTextContent('with Mira Lindqvist');
    expect(next).toHaveTextContent('Starts in 12 minutes');
    expect(within(next).getByRole('status')).toHaveTextContent('1 person is waiting');
    expect(within(next).getByRole('link', { name: 'Join' })).toHaveAttribute('href', '/rooms/R1');
    expect(document.title).toBe('Today · Mentara');
    await expectAccessible();
  });

  it('hides from clients what is for staff', async () => {
    await renderApp('/', { me: 'C1' });
    const next = await screen.findByRole('region', { name: 'Individual session' });
    expect(next).not.toHaveTextContent('waiting');
    expect(screen.queryByRole('button', { name: 'Plan a session' })).toBeNull();
    expect(screen.queryByRole('link', { name: 'People' })).toBeNull();
    await expectAccessible();
  });

  it('says when nothing is planned', async () => {
    await renderApp('/', { me: 'T2', on: { 'GET /rooms': () => ({ status: 200, body: { items: [] } }) } });
    expect(await screen.findByText('A quiet day')).toBeVisible();
    expect(screen.getAllByRole('button', { name: 'Start a session now' })).toHaveLength(1);
    await expectAccessible();
  });

  it('opens a room at once and hands out a guest link', async () => {
    const { user, seen } = await renderApp('/', { me: 'T1' });
    await user.click(await screen.findByRole('button', { name: 'Start a session now' }));
    const dialog = await screen.findByRole('dialog', { name: 'Guest link' });
    expect(await within(dialog).findByLabelText('Link for one guest')).toHaveValue(`${window.location.origin}/guest#token=GUESTTOKENGUESTTOKENGUEST2`);
    expect(within(dialog).getByRole('link', { name: 'Join' })).toHaveAttribute('href', '/rooms/R9');
    expect(seen.filter((s) => s.path === '/rooms/R9/guest-links')).toHaveLength(1);
  });

  it('plans a couple session in the zone of the viewer', async () => {
    localStorage.setItem('mentara.prefs', '{}');
    const { user, seen } = await renderApp('/', { me: 'T1' });
    await user.click(await screen.findByRole('button', { name: 'Plan a session' }));
    const dialog = await screen.findByRole('dialog', { name: 'Plan a session' });
    await user.click(within(dialog).getByRole('button', { name: 'Ana and Tomás' }));
    await user.click(within(dialog).getByRole('button', { name: 'Plan it' }));
    await waitFor(() => expect(seen.some((s) => s.method === 'POST' && s.path === '/rooms')).toBe(true));
    const body = seen.find((s) => s.method === 'POST' && s.path === '/rooms')?.body as Record<string, string>;
    expect(body).toMatchObject({ kind: 'couple', memberIds: ['C3', 'C4'], waitingRoom: true });
    expect(new Date(body.endsAt ?? 0).getTime() - new Date(body.startsAt ?? 0).getTime()).toBe(50 * 60_000);
    // The next quarter of an hour that is at least an hour away.
    expect(body.startsAt).toBe('2026-11-23T15:00:00.000Z');
  });
});

describe('Sessions', () => {
  it('shows attendance of a past one when asked', async () => {
    const { user, seen } = await renderApp('/sessions?show=past', { me: 'T1' });
    await heading('Sessions');
    const buttons = await screen.findAllByRole('button', { name: 'Attendance' });
    expect(seen.some((s) => s.path.endsWith('/attendance'))).toBe(false);
    await user.click(buttons[0] as HTMLElement);
    const table = await screen.findByRole('table', { name: 'Attendance of Individual session' });
    expect(within(table).getByRole('row', { name: /Jonas Ek 47 minutes/ })).toBeVisible();
    await expectAccessible();
  });

  it('tells a session that did not take place from one that did', async () => {
    await renderApp('/sessions?show=past', { me: 'T1' });
    expect(await screen.findByText('Did not take place')).toBeVisible();
  });
});

describe('People', () => {
  it('finds by name without accents, and tells nobody found', async () => {
    const { user } = await renderApp('/people', { me: 'A1' });
    await heading('People');
    const search = await screen.findByRole('searchbox', { name: 'Search by name or email' });
    await expectAccessible();
    await user.type(search, 'tomas');
    await waitFor(() => expect(screen.queryByText('Mira Lindqvist')).toBeNull());
    expect(screen.getByText('Tomás Pereira')).toBeVisible();
    await user.type(search, ' zzz');
    expect(await screen.findByText('Nobody found')).toBeVisible();
  });

  it('deactivates with a way back', async () => {
    const { user, seen } = await renderApp('/people', {
      me: 'A1',
      on: { 'PATCH /people/C1': () => ({ status: 200, body: {} }) },
    });
    await user.click(await screen.findByRole('button', { name: 'Manage Mira Lindqvist' }));
    const dialog = await screen.findByRole('dialog', { name: 'Mira Lindqvist' });
    await user.click(within(dialog).getByRole('button', { name: 'Deactivate' }));
    await user.click(await screen.findByRole('button', { name: 'Undo' }));
    await waitFor(() =>
      expect(seen.filter((s) => s.method === 'PATCH').map((s) => s.body)).toEqual([{ active: false }, { active: true }]),
    );
  });

  it('is no page for clients', async () => {
    const { seen } = await renderApp('/people', { me: 'C1' });
    await heading('There is no such page');
    expect(seen.some((s) => s.path === '/people')).toBe(false);
  });
});

describe('Account', () => {
  it('stands and signs another device out', async () => {
    const { user, seen } = await renderApp('/account', { me: 'T1' });
    await heading('Account');
    await user.click(await screen.findByRole('button', { name: 'Sign out Safari on iPhone' }));
    await waitFor(() => expect(seen.some((s) => s.method === 'DELETE' && s.path === '/sessions/S2')).toBe(true));
    await expectAccessible();
  });

  it('forgets everything at sign-out', async () => {
    const { user, client } = await renderApp('/account', { me: 'T1' });
    await heading('Account');
    await user.click(screen.getAllByRole('button', { name: 'Sign out' })[0] as HTMLElement);
    await heading('Sign in');
    expect(client.getQueryCache().findAll({ queryKey: ['rooms'] })).toEqual([]);
    expect(client.getQueryCache().findAll({ queryKey: ['devices'] })).toEqual([]);
  });
});

describe('moving about', () => {
  it('puts the reading position on the heading and names the tab', async () => {
    const { user } = await renderApp('/', { me: 'T1' });
    await heading(/November/);
    await user.click(screen.getByRole('link', { name: 'Sessions' }));
    const title = await heading('Sessions');
    expect(title).toHaveFocus();
    expect(document.title).toBe('Sessions · Mentara');
  });

  it('goes by keyboard, but not while typing', async () => {
    const { user, router } = await renderApp('/people', { me: 'A1' });
    const search = await screen.findByRole('searchbox');
    await user.click(search);
    await user.keyboard('gs');
    expect(router.state.location.pathname).toBe('/people');
    await user.click(screen.getByRole('heading', { level: 1 }));
    await user.keyboard('gs');
    await waitFor(() => expect(router.state.location.pathname).toBe('/sessions'));
  });
});
