import { MantineProvider } from '@mantine/core';
import { Notifications, notifications } from '@mantine/notifications';
import { act, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Announcer } from '@/hooks/video/useAnnouncer';
import { useRecording } from '@/hooks/video/useRecording';
import { loadWords, startI18n } from '@/i18n';
import { type Pushes } from '@/lib/realtime/events.gen';
import { type RecordingStatus } from '@/lib/realtime/types';
import { type Call } from '@/lib/rtc/call';
import { CallRecording } from '@/lib/rtc/recording';
import { lobby } from '@/lib/rtc/room';
import { somebody, someRoom } from '@/lib/rtc/testing/fixtures';
import { running, someRecording, subject } from '@/lib/rtc/testing/recording';
import { Emitter, Store } from '@/lib/store';
import { RecordingBanner } from './RecordingBanner';
import { RecordingDialogs } from './RecordingDialogs';
import { RecordingIndicator } from './RecordingIndicator';
import { RecordingNotice } from './RecordingNotice';
import { useRecordingEvents } from './useRecordingEvents';

beforeAll(async () => {
  await startI18n();
  await loadWords(['recording', 'consent']);
});

const announcer = new Announcer(() => undefined);
const pushes = new Emitter<Pushes>();
let asked: [string, Record<string, unknown>][];
let answer: (type: string) => unknown;
beforeEach(() => {
  notifications.clean(); // their store outlives a test
  notifications.cleanQueue();
  asked = [];
  answer = () => ({});
});

function Screen({ call, leave }: { call: Call; leave: () => void }) {
  const recording = useRecording(call);
  const events = useRecordingEvents(call, recording, announcer);
  return (
    <>
      <RecordingIndicator recording={recording} onWithdraw={events.withdraw} onAgree={events.agree} onStop={() => undefined} onCancel={() => void events.attempt(recording.stop())} />
      <RecordingBanner recording={recording} aside={false} onAnswer={() => undefined} onCancel={() => void events.attempt(recording.stop())} />
      <RecordingDialogs recording={recording} dialog={undefined} later={false} onLater={() => undefined} onClose={() => undefined} onLeave={leave} attempt={events.attempt} />
      <button type="button" onClick={events.bookmark}>
        B
      </button>
    </>
  );
}

/** A person in a call, in front of what the server says about the recording. */
function open(status?: RecordingStatus, myRole: 'host' | 'participant' = 'participant', id = 'me') {
  const recording = new CallRecording({
    socket: {
      call: (async (type: string, data: Record<string, unknown>) => {
        asked.push([type, data]);
        const given = answer(type);
        if (given instanceof Error) throw given;
        return given;
      }) as never,
      on: (type: keyof Pushes, listener: (data: never) => void) => pushes.on(type, listener as never),
    },
    room: 'R',
    self: () => id,
  });
  recording.listen();
  const call = { recording, state: new Store({ ...lobby, phase: 'in', self: somebody(id), room: someRoom({ myRole }) }), local: { state: new Store({}) } } as unknown as Call;
  const leave = vi.fn();
  render(
    <MantineProvider env="test">
      <Screen call={call} leave={leave} />
      <Notifications />
    </MantineProvider>,
  );
  const push = (next: RecordingStatus) => act(() => pushes.emit('recording.status', { room: 'R', recording: next }));
  if (status) push(status);
  return { push, leave, user: userEvent.setup() };
}

const dialog = (name: string | RegExp) => screen.findByRole('dialog', { name });
const decisions = () => asked.filter(([type]) => type === 'recording.consent').map(([, data]) => data.decision);
async function clean() {
  const { violations } = await axe.run(document.body, { rules: { 'color-contrast': { enabled: false }, region: { enabled: false } } });
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`)).toEqual([]);
}

describe('being asked', () => {
  it('says who asks, what for, by which policy, and how to take it back', async () => {
    open(someRecording());
    const asks = await dialog('Person H asks to record this session');
    for (const words of ['To look back at our work together', 'Recordings are kept for 90 days.', 'Version 3', /Stop recording me/, /Your voice, your camera/, /own server/]) {
      expect(within(asks).getByText(words)).toBeInTheDocument();
    }
    await clean();
  });

  it('is answered by neither Enter nor Escape nor a press beside it', async () => {
    const { user } = open(someRecording());
    const asks = await dialog(/asks to record/);
    await waitFor(() => expect(screen.getByRole('heading', { name: /asks to record/ })).toHaveFocus());
    await user.keyboard('{Enter}{Escape} ');
    await user.click(document.body);
    expect(asks).toBeInTheDocument();
    expect(asked).toEqual([]);
  });

  it('gives both answers the same look', async () => {
    open(someRecording());
    const asks = within(await dialog(/asks to record/));
    const [agree, decline] = ['Agree', 'Decline'].map((name) => asks.getByRole('button', { name }));
    expect(agree?.className).toBe(decline?.className);
    expect(agree?.dataset.variant).toBe(decline?.dataset.variant);
    expect(agree?.dataset.size).toBe(decline?.dataset.size);
  });

  it.each([
    ['Agree', 'agreed'],
    ['Decline', 'declined'],
  ])('%s is told to the server', async (name, decision) => {
    const { user } = open(someRecording());
    await user.click(within(await dialog(/asks to record/)).getByRole('button', { name }));
    expect(decisions()).toEqual([decision]);
  });

  it('stays asked when the answer did not arrive', async () => {
    const { user } = open(someRecording());
    answer = () => new Error('lost');
    const asks = within(await dialog(/asks to record/));
    await user.click(asks.getByRole('button', { name: 'Agree' }));
    expect(await asks.findByRole('alert')).toHaveTextContent('did not reach the server');
  });

  it('lets one leave instead', async () => {
    const { user, leave } = open(someRecording());
    await user.click(within(await dialog(/asks to record/)).getByRole('button', { name: 'Leave the session' }));
    expect(leave).toHaveBeenCalledOnce();
    expect(asked).toEqual([]);
  });

  it('tells who comes late that the others are recorded and they are not', async () => {
    open(running({ people: [subject('H', 'agreed', { recorded: true }), subject('me', 'wait')] }));
    const asks = await dialog('This session is being recorded');
    expect(asks).toHaveTextContent('You are not recorded unless you agree');
  });

  it('asks everybody anew when somebody withdrew', async () => {
    const { user } = open(running({ state: 'asking', people: [subject('H', 'wait'), subject('me', 'wait'), subject('C', 'withdrawn')] }));
    const asks = await dialog('Go on recording?');
    expect(asks).toHaveTextContent('Person C withdrew and is no longer recorded.');
    await user.click(within(asks).getByRole('button', { name: 'Go on' }));
    expect(decisions()).toEqual(['agreed']);
  });
});

describe('the host', () => {
  const waits = someRecording({ people: [subject('H', 'agreed', { role: 'host' }), subject('me', 'wait'), subject('C', 'wait')] });
  it('sees who has not answered, and may take the question back', async () => {
    const { user } = open(waits, 'host', 'H');
    expect(screen.getByText('Nothing is recorded yet. Waiting for Person me and Person C.')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Take the question back' }));
    expect(asked[0]?.[0]).toBe('recording.stop');
  });

  it('is asked whether to go without who declined', async () => {
    const { user } = open(someRecording({ people: [subject('H', 'wait', { role: 'host' }), subject('me', 'agreed'), subject('C', 'declined')] }), 'host', 'H');
    await user.click(within(await dialog('Record without Person C?')).getByRole('button', { name: 'Record without them' }));
    expect(decisions()).toEqual(['agreed']);
  });

  it('bookmarks a moment and can take it back', async () => {
    const { user } = open(running(), 'host', 'H');
    answer = () => ({ mark: { id: 'M1', atMs: 724_000, label: '' } });
    const removed = vi.fn();
    vi.stubGlobal('fetch', async (request: Request) => {
      removed(`${request.method} ${new URL(request.url).pathname}`);
      return new Response(null, { status: 204 });
    });
    await user.click(screen.getByRole('button', { name: 'B' }));
    const toast = (await screen.findByText('Bookmarked at 12:04.')).closest('[role="status"]') as HTMLElement;
    await user.click(within(toast).getByRole('button', { name: 'Undo' }));
    await waitFor(() => expect(removed).toHaveBeenCalledWith('DELETE /api/v1/recordings/REC/marks/M1'));
  });
});

it('a bookmark is nothing for who is no host', async () => {
  const { user } = open(running());
  await user.click(screen.getByRole('button', { name: 'B' }));
  expect(asked).toEqual([]);
});

describe('while it runs', () => {
  it('says so in words and time, and who is recorded', async () => {
    const { user } = open(running({ elapsedMs: 65_000, people: [subject('H', 'agreed', { recorded: true }), subject('me', 'agreed', { recorded: true }), subject('C', 'declined')] }));
    const indicator = screen.getByRole('button', { name: 'Recording. Show who is recorded.' });
    expect(indicator).toHaveTextContent('Recording1:05');
    await user.click(indicator);
    const details = await dialog(/Show who is recorded/);
    const people = within(details).getAllByRole('listitem').map((li) => li.textContent);
    expect(people).toEqual(['Person Hrecorded', 'Person me (you)recorded', 'Person Cnot recorded, said no']);
    await clean();
  });

  it('anybody withdraws by one press, with a way back', async () => {
    const { user } = open(running());
    answer = () => ({ recording: running({ state: 'asking', people: [subject('H', 'wait'), subject('me', 'withdrawn')] }) });
    await user.click(screen.getByRole('button', { name: /Show who is recorded/ }));
    await user.click(await screen.findByRole('button', { name: 'Stop recording me' }));
    expect(decisions()).toEqual(['withdrawn']);
    expect(await screen.findByText('You are no longer recorded.')).toBeVisible();
    expect(screen.getByRole('button', { name: /Recording paused/ })).toBeInTheDocument();
  });

  it.each([
    ['low', /running out of space/],
    ['full', /out of space, so nothing more is recorded/],
  ] as const)('a disk that is %s is said, and that the session goes on', (disk, words) => {
    open(running({ disk }));
    expect(screen.getByText(words)).toHaveTextContent(/session goes on/);
  });

  it('its end is said', () => {
    const { push } = open(running());
    push(running({ state: 'finalising' }));
    expect(screen.getByText('The recording has stopped and is being saved.')).toBeVisible();
  });
});

it('the lobby warns before anybody is seen', () => {
  render(
    <MantineProvider env="test">
      <RecordingNotice status={running()} />
    </MantineProvider>,
  );
  expect(screen.getByText('This session is being recorded')).toBeVisible();
  expect(screen.getByText(/^You are not recorded when you come in/)).toBeVisible();
});
