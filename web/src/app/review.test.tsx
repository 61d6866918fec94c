import { screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { moment } from '../../scripts/mock.mjs';
import { expectAccessible, renderApp } from './testing/renderApp';

const problem = (status: number, code: string, detail: string) => ({
  status,
  body: { type: `urn:mentara:problem:${code}`, title: '', status, detail, code, requestId: 'REQ7' },
});
const ready = () => screen.findByRole('slider', { name: 'Position' }, { timeout: 15_000 });
const position = () => Number(screen.getByRole('slider', { name: 'Position' }).getAttribute('aria-valuenow'));

beforeEach(() => {
  vi.useFakeTimers({ now: moment, toFake: ['Date'] });
  localStorage.setItem('mentara.prefs', '{"timeZone":"Europe/Berlin"}');
});
afterEach(() => vi.useRealTimers());

describe('the review of a recording', () => {
  it('opens at the second of a link, and names what it shows', async () => {
    await renderApp('/recordings/REC1?t=258', { me: 'T1' });
    await ready();
    expect(screen.getByRole('heading', { level: 1, name: 'Ana and Tomás' })).toBeInTheDocument();
    await waitFor(() => expect(position()).toBe(258));
    expect(screen.getByRole('region', { name: 'Timeline' })).toHaveTextContent('Ana Pereira spoke for');
    expect(await screen.findByRole('button', { name: /^Mark: Homework, 9:20/ })).toBeInTheDocument();
    await expectAccessible();
  });

  it('is driven by keys, which keep out of fields', async () => {
    const { user, seen } = await renderApp('/recordings/REC1?t=100', { me: 'T1' });
    await ready();
    await user.keyboard('l');
    await waitFor(() => expect(position()).toBe(110));
    await user.keyboard('5');
    await waitFor(() => expect(position()).toBe(300));
    await user.keyboard('m');
    await waitFor(() => expect(seen.find((s) => s.method === 'POST' && s.path.endsWith('/marks'))?.body).toEqual({ atMs: 300_000, label: '' }));
    await user.keyboard('n');
    const field = await screen.findByRole('textbox', { name: 'Add a note at 5:00' });
    await waitFor(() => expect(field).toHaveFocus());
    await user.type(field, 'Look at 5 l m');
    expect(position()).toBe(300);
    await user.keyboard('{Control>}{Enter}{/Control}');
    await waitFor(() => expect(seen.find((s) => s.method === 'POST' && s.path.endsWith('/notes'))?.body).toEqual({ atMs: 300_000, text: 'Look at 5 l m' }));
    field.blur();
    await user.keyboard('?');
    expect(await screen.findByRole('dialog', { name: 'Keys' })).toHaveTextContent('Set a private mark');
  });

  it('goes to what is pressed: a thread, a caption, a line of the note', async () => {
    const { user } = await renderApp('/recordings/REC1', { me: 'T1' });
    await ready();
    await user.click(await screen.findByRole('button', { name: 'Play from 7:10' }));
    await waitFor(() => expect(position()).toBe(430));
    await user.click(screen.getByRole('tab', { name: 'Transcript' }));
    await user.type(await screen.findByRole('searchbox', { name: 'Search the transcript' }), 'kitchen');
    await screen.findByText('3 places');
    await user.click(screen.getAllByRole('button', { name: /kitchen/ })[1] as HTMLElement);
    await waitFor(() => expect(position()).toBe(396));
    await user.click(screen.getByRole('tab', { name: 'Session note' }));
    await user.click(await screen.findByRole('button', { name: 'Play from 9:20' }));
    await waitFor(() => expect(position()).toBe(560));
    await expectAccessible();
  });

  it('saves the note as it is typed, says when another version came first, and lets the author decide', async () => {
    let refuse = true;
    const { user, seen } = await renderApp('/recordings/REC1?t=75', {
      me: 'T1',
      on: {
        'PUT /recordings/REC1/clinical-note': () => (refuse ? problem(412, 'stale', 'This was changed.') : { status: 200, body: { format: 'soap', sections: [], version: 6, amendments: [], mine: true } }),
      },
    });
    await ready();
    await user.click(screen.getByRole('tab', { name: 'Session note' }));
    const plan = await screen.findByRole('textbox', { name: 'Plan, line 1' });
    await user.type(plan, ' Ask about it.');
    await user.click(screen.getByRole('button', { name: /^Link this line to 1:15: Assessment, line 1/ }));
    expect(await screen.findByRole('alert', undefined, { timeout: 5000 })).toHaveTextContent('changed somewhere else');
    refuse = false;
    await user.click(screen.getByRole('button', { name: 'Keep what I wrote' }));
    expect(await screen.findByText('Saved')).toBeInTheDocument();
    const saved = seen.filter((s) => s.method === 'PUT').pop()?.body as { version: number; sections: { key: string; lines: { text: string; atMs?: number }[] }[] };
    expect(saved.version).toBe(4);
    expect(saved.sections[3]?.lines[0]?.text).toMatch(/evenings\. Ask about it\.$/);
    expect(saved.sections[2]?.lines[0]?.atMs).toBe(75_000);
  });

  it('signs only after asking, and then only adds', async () => {
    const { user, seen } = await renderApp('/recordings/REC1', { me: 'T1' });
    await ready();
    await user.click(screen.getByRole('tab', { name: 'Session note' }));
    await user.click(await screen.findByRole('button', { name: 'Sign' }));
    const dialog = await screen.findByRole('dialog', { name: 'Sign this note?' });
    await user.click(within(dialog).getByRole('button', { name: 'Sign and lock' }));
    expect(await screen.findByText(/^Signed by Ruth Okafor/)).toBeInTheDocument();
    expect(seen.find((s) => s.path.endsWith('/sign'))?.body).toEqual({ version: 4 });
    expect(screen.queryByRole('textbox', { name: /Plan/ })).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Add an amendment' }));
    await user.type(screen.getByRole('textbox', { name: 'Amendment' }), 'Two evenings took place.');
    await user.click(screen.getByRole('button', { name: 'Add to the note' }));
    await waitFor(() => expect(seen.find((s) => s.path.endsWith('/amendments'))?.body).toEqual({ lines: [{ text: 'Two evenings took place.', atMs: 0 }] }));
  });

  it('imports a transcript as the file it is', async () => {
    let words: unknown = null;
    const { user } = await renderApp('/recordings/REC1', {
      me: 'T1',
      on: {
        'GET /recordings/REC1/transcript': () => problem(404, 'not_found', 'There is no such thing here.'),
        'PUT /recordings/REC1/transcript': ({ body }) => {
          words = body;
          return { status: 200, body: {} };
        },
      },
    });
    await ready();
    await user.click(screen.getByRole('tab', { name: 'Transcript' }));
    await screen.findByRole('button', { name: 'Import a VTT file' });
    const vtt = 'WEBVTT\n\n00:01.000 --> 00:02.000\nHello.\n';
    await user.upload(document.querySelector('input[type=file]') as HTMLInputElement, new File([vtt], 'session.vtt', { type: 'text/vtt' }));
    await waitFor(() => expect(words).toBe(vtt));
  });

  it('shows figures with their definitions', async () => {
    const { user } = await renderApp('/recordings/REC1', { me: 'T1' });
    await ready();
    await user.click(screen.getByRole('tab', { name: 'Figures' }));
    const table = await screen.findByRole('table', { name: 'Talk ratio' });
    expect(within(table).getAllByRole('row')).toHaveLength(4);
    expect(screen.getByText(/ratios of a session add up to 1/)).toBeInTheDocument();
    await expectAccessible();
  });

  it('is for comments only when it is shared', async () => {
    await renderApp('/recordings/RECSHARE', { me: 'T2' });
    await ready();
    expect(screen.getByText(/Ruth Okafor shared 2:30 – 5:30/)).toBeInTheDocument();
    expect(screen.getAllByRole('tab').map((t) => t.textContent)).toEqual(['Notes', 'Transcript', 'Details']);
    expect(screen.queryByRole('button', { name: 'Share' })).toBeNull();
    expect(screen.queryByRole('button', { name: 'Mark' })).toBeNull();
    expect(position()).toBe(150);
    expect(screen.getByRole('slider', { name: 'Position' })).toHaveAttribute('aria-valuemax', '330');
  });

  it('says what a crash cost', async () => {
    await renderApp('/recordings/RECLOST', { me: 'T1' });
    await ready();
    expect(screen.getByText(/interrupted and recovered/)).toHaveTextContent('About 0.7 s at its end are lost.');
  });

  it.each([
    ['RECOWN', /your consent and who watched it/],
    ['RECWAIT', /being finished/],
    ['NONE', /not yours to see/],
  ])('%s has no player, and says why', async (id, words) => {
    await renderApp(`/recordings/${id}`, { me: 'C3' });
    expect(await screen.findByText(words)).toBeInTheDocument();
    expect(screen.queryByRole('slider')).toBeNull();
    await expectAccessible();
  });

  it('ends with words when the right to watch ends', async () => {
    await renderApp('/recordings/REC1', {
      me: 'T1',
      on: { 'GET /recordings/REC1/tracks/t1/media': () => problem(404, 'not_found', 'There is no such thing here.') },
    });
    await ready();
    const video = document.querySelector('video') as HTMLVideoElement;
    Object.defineProperty(video, 'error', { value: { code: 4 }, configurable: true });
    video.dispatchEvent(new Event('error'));
    expect(await screen.findByRole('alert')).toHaveTextContent('You may not watch this recording any more');
    expect(screen.queryByRole('slider')).toBeNull();
  });

  it('shares a part with a colleague', async () => {
    const { user, seen } = await renderApp('/recordings/REC1?t=150', {
      me: 'T1',
      on: { 'GET /people': () => ({ status: 200, body: { items: [{ id: 'T2', name: 'Daniel Sørensen', role: 'therapist', active: true, email: 'd@example.org', createdAt: '' }] } }), 'POST /recordings/REC1/shares': () => ({ status: 201, body: {} }) },
    });
    await ready();
    await user.click(screen.getByRole('button', { name: 'Share' }));
    const dialog = await screen.findByRole('dialog', { name: 'Share with a colleague' });
    expect(await within(dialog).findByText(/2:30 – 5:30, until/)).toBeInTheDocument();
    await user.click(within(dialog).getByRole('button', { name: 'Share' }));
    expect(within(dialog).getByText('Please choose a colleague.')).toBeInTheDocument();
    await user.selectOptions(await within(dialog).findByRole('combobox', { name: 'Colleague' }), 'Daniel Sørensen');
    await user.click(within(dialog).getByRole('switch', { name: 'Only a part' }));
    const to = within(dialog).getByRole('textbox', { name: 'To' });
    await user.clear(to);
    await user.type(to, '4:00');
    await user.click(within(dialog).getByRole('button', { name: 'Share' }));
    await waitFor(() => expect(seen.find((s) => s.method === 'POST' && s.path.endsWith('/shares'))?.body).toEqual({ userId: 'T2', expiresAt: '2026-12-07T22:59:00.000Z', fromMs: 150_000, toMs: 240_000 }));
  });
});
