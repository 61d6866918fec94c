import { act, screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { moment } from '../../scripts/mock.mjs';
import { expectAccessible, renderApp } from './testing/renderApp';

beforeEach(() => {
  vi.useFakeTimers({ now: moment, toFake: ['Date'] });
});
afterEach(() => vi.useRealTimers());

const rows = () =>
  waitFor(() => {
    const found = screen.getAllByRole('listitem').filter((li) => li.hasAttribute('aria-label'));
    expect(found).not.toHaveLength(0);
    return found;
  });
const panel = () => screen.findByRole('dialog');

describe('the list of recordings', () => {
  it('says of each what it is, and what happened to it', async () => {
    await renderApp('/recordings', { me: 'T1' });
    const states = (await rows()).map((row) => row.textContent);
    expect(states).toHaveLength(6);
    for (const words of ['Being saved', 'Kept by legal hold', 'At most 0:01 at the end was lost.', 'Shared with you', 'The disk of the server was full.', 'Erased on']) {
      expect(states.some((text) => text?.includes(words))).toBe(true);
    }
    expect(screen.getByRole('progressbar', { name: 'Saving Individual session' })).toBeVisible();
    await expectAccessible();
  });

  it('is filtered by its address, and by what is chosen', async () => {
    const { user, router, seen } = await renderApp('/recordings?state=failed', { me: 'T1' });
    await waitFor(async () => expect(await rows()).toHaveLength(1));
    await user.click(screen.getByRole('button', { name: 'Show all' }));
    await waitFor(async () => expect(await rows()).toHaveLength(6));
    await user.selectOptions(screen.getByRole('combobox', { name: 'Person' }), 'Mira Lindqvist');
    await waitFor(async () => expect(await rows()).toHaveLength(2));
    expect(router.state.location.search).toBe('?person=C1');
    expect(seen.filter((s) => s.path === '/recordings').length).toBeGreaterThan(1);
  });

  it('offers a client nothing to watch, and shows who watched', async () => {
    const { user } = await renderApp('/recordings', { me: 'C1' });
    await rows();
    expect(screen.queryByRole('link', { name: /^Watch/ })).toBeNull();
    expect(screen.queryByRole('combobox', { name: 'Person' })).toBeNull();
    const [newest] = screen.getAllByRole('button', { name: /^Details of Individual session/ });
    await user.click(newest as HTMLElement);
    const details = within(await panel());
    expect(await details.findByText(/watched 12:34/)).toBeVisible();
    for (const name of ['Share', 'Erase this recording', 'Place a hold']) expect(details.queryByRole('button', { name })).toBeNull();
    await expectAccessible();
  });

  it('lets a client take back that it is watched', async () => {
    const decided = vi.fn((_: { body: unknown }) => ({ status: 204 }));
    const { user } = await renderApp('/recordings?open=REC2', { me: 'C1', on: { 'POST /recordings/REC2/consents': decided } });
    await user.click(await within(await panel()).findByRole('button', { name: 'Nobody may watch my part any more' }));
    await waitFor(() => expect(decided).toHaveBeenCalledWith(expect.objectContaining({ body: { decision: 'withdrawn' } })));
  });

  it('is told of by an empty state', async () => {
    await renderApp('/recordings', { me: 'C1', on: { 'GET /recordings': () => ({ status: 200, body: { items: [] } }) } });
    expect(await screen.findByText('No recordings yet')).toBeVisible();
    expect(screen.queryByRole('search')).toBeNull();
  });

  it('answers a foreign recording like an absent one', async () => {
    await renderApp('/recordings?open=NOSUCH', { me: 'T1' });
    expect(await within(await panel()).findByText('There is no such recording, or it is not for this account.')).toBeVisible();
  });
});

describe('a share', () => {
  it('names what is missing, and sends a range with its end', async () => {
    const shared = vi.fn((_: { body: unknown }) => ({ status: 201, body: { id: 'S9', user: { id: 'T2', name: 'Daniel Sørensen' }, fromMs: 750_000, toMs: 900_000, note: '', createdBy: 'T1', createdAt: '', expiresAt: '2026-12-01T00:00:00Z' } }));
    const { user } = await renderApp('/recordings?open=REC2', { me: 'T1', on: { 'POST /recordings/REC2/shares': shared } });
    const details = within(await panel());
    await user.click(await details.findByRole('button', { name: 'Share' }));
    const form = within(await details.findByRole('form', { name: 'Share' }));
    await user.type(form.getByLabelText('From'), '12:30');
    await user.type(form.getByLabelText('To'), '2:00');
    await user.click(form.getByRole('button', { name: 'Share' }));
    expect(form.getByText('Please choose somebody.')).toBeVisible();
    expect(form.getByText(/The end must come after the start/)).toBeVisible();
    expect(shared).not.toHaveBeenCalled();
    await user.selectOptions(form.getByLabelText('With whom'), 'Daniel Sørensen');
    await user.clear(form.getByLabelText('To'));
    await user.type(form.getByLabelText('To'), '15:00');
    await user.click(form.getByRole('button', { name: 'Share' }));
    await screen.findByText('Shared with Daniel Sørensen.');
    expect(shared.mock.calls[0]?.[0].body).toMatchObject({ userId: 'T2', fromMs: 750_000, toMs: 900_000, expiresAt: new Date(moment.getTime() + 7 * 24 * 3600_000).toISOString() });
  });
});

describe('erasing', () => {
  it('asks why, waits, and can be taken back', async () => {
    const erased = vi.fn((_: { body: unknown }) => ({ status: 202, body: {} }));
    const { user } = await renderApp('/recordings?open=REC2', { me: 'A1', on: { 'DELETE /recordings/REC2': erased } });
    const details = within(await panel());
    await user.click(await details.findByRole('button', { name: 'Erase this recording' }));
    await user.click(details.getByRole('button', { name: 'Erase' }));
    expect(details.getByText('Please give a reason.')).toBeVisible();
    await user.type(details.getByLabelText('Why is it erased?'), 'Asked for by the client.');
    await user.click(details.getByRole('button', { name: 'Erase' }));
    await user.click(await details.findByRole('button', { name: 'Keep it' }));
    expect(await details.findByRole('button', { name: 'Erase this recording' })).toBeVisible();
    await act(async () => undefined);
    expect(erased).not.toHaveBeenCalled();
  });

  it('is refused by a legal hold', async () => {
    await renderApp('/recordings?open=REC3', { me: 'A1' });
    expect(await within(await panel()).findByText('A legal hold keeps it. Lift the hold first.')).toBeVisible();
  });

  it('leaves a proof', async () => {
    await renderApp('/recordings?open=REC6', { me: 'A1' });
    const details = within(await panel());
    expect(await details.findByText(/Its key was destroyed/)).toBeVisible();
    expect(details.getByRole('link', { name: 'Save the proof' })).toHaveAttribute('download', 'erasure-REC6.json');
  });
});

describe('how long they are kept', () => {
  it('says what a change would end before it is saved', async () => {
    const saved = vi.fn((_: { body: unknown }) => ({ status: 200, body: { version: 4, noticeDays: 7, rules: [] } }));
    const { user } = await renderApp('/settings/retention', { me: 'A1', on: { 'PUT /retention/policies': saved } });
    const group = await screen.findByLabelText('Group session');
    await user.clear(group);
    await user.click(screen.getByRole('button', { name: 'Save' }));
    expect(screen.getByText('A whole number of days, at least 1.')).toBeVisible();
    await user.type(group, '14');
    await user.click(screen.getByRole('button', { name: 'Save' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('3 recordings will be announced');
    expect(saved).not.toHaveBeenCalled();
    await expectAccessible();
    await user.click(screen.getByRole('button', { name: 'Save all the same' }));
    await screen.findByText('The rules are saved.');
    expect(saved.mock.calls[0]?.[0].body).toEqual({ version: 3, noticeDays: 7, rules: [{ kind: 'individual', keepDays: 90 }, { kind: 'couple', keepDays: 90 }, { kind: 'group', keepDays: 14 }] });
  });

  it('is no page for anybody else', async () => {
    await renderApp('/settings/retention', { me: 'T1' });
    expect(await screen.findByRole('heading', { level: 1, name: 'There is no such page' })).toBeVisible();
  });
});
