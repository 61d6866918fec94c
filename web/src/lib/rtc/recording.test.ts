import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Pushes } from '../realtime/events.gen';
import { type RecordingStatus } from '../realtime/types';
import { local } from '../realtime/wire';
import { Emitter } from '../store';
import { CallRecording, elapsed, isPaused, recordingNotices, stageOf } from './recording';
import { running, someRecording, subject } from './testing/recording';

const host = (consent: 'agreed' | 'wait' = 'agreed') => subject('H', consent, { role: 'host' });
const paused = (more: Partial<RecordingStatus> = {}) => running({ state: 'asking', people: [host('wait'), subject('me', 'wait'), subject('C', 'withdrawn')], ...more });

describe('where one stands', () => {
  it.each([
    ['off', undefined],
    ['ask', someRecording()],
    ['wait', someRecording({ people: [host(), subject('me', 'agreed'), subject('C', 'wait')] })],
    ['agreed', someRecording({ people: [host(), subject('me', 'agreed'), subject('C', 'declined')] })],
    ['declined', running({ people: [host(), subject('me', 'declined')] })],
    ['withdrawn', paused({ people: [host('wait'), subject('me', 'withdrawn')] })],
    ['recording', running()],
    ['ask', running({ people: [host(), subject('me', 'wait')] })],
    ['ask', paused()],
    ['finalising', running({ state: 'finalising' })],
    ['failed', running({ state: 'failed' })],
    ['off', someRecording({ state: 'cancelled' })],
  ] as const)('%s', (stage, status) => expect(stageOf(status, 'me')).toBe(stage));

  it('asking anew after the first byte is a pause; asking before it is not', () => {
    expect(isPaused(paused())).toBe(true);
    expect(isPaused(someRecording())).toBe(false);
    expect(isPaused(running())).toBe(false);
  });

  it('time runs while recording, and stands while paused', () => {
    expect(elapsed({ status: running({ elapsedMs: 5_000 }), at: 1_000 }, 4_000)).toBe(8_000);
    expect(elapsed({ status: paused({ elapsedMs: 5_000 }), at: 1_000 }, 4_000)).toBe(5_000);
    expect(elapsed({ status: running({ elapsedMs: 5_000 }), at: 1_000 }, 400)).toBe(5_000);
  });
});

describe('what is said of a change', () => {
  const kinds = (before: RecordingStatus | undefined, after: RecordingStatus | undefined) => recordingNotices(before, after, 'me').map((n) => n.kind);
  it.each([
    ['a question', undefined, someRecording(), ['asked']],
    ['a page that comes back while all runs', undefined, running(), ['started']],
    ['coming late', undefined, running({ people: [host(), subject('me', 'wait')] }), ['asked']],
    ['nothing new', running(), running({ elapsedMs: 10 }), []],
    ['the beginning', someRecording({ people: [host(), subject('me', 'agreed')] }), running(), ['started']],
    ['somebody withdrew', running({ people: [host(), subject('me', 'agreed'), subject('C', 'agreed')] }), paused(), ['withdrawn', 'paused', 'asked']],
    ['it goes on', paused({ people: [host(), subject('me', 'wait')] }), running(), ['resumed']],
    ['a stop', running(), running({ state: 'finalising' }), ['stopped']],
    ['the question is taken back', someRecording(), someRecording({ state: 'cancelled' }), ['cancelled']],
    ['a failure', running(), running({ state: 'failed' }), ['failed']],
    ['space gets short', running(), running({ disk: 'low' }), ['disk-low']],
    ['another recording', running({ id: 'OLD' }), someRecording(), ['asked']],
    ['gone', running(), undefined, []],
  ] as const)('%s', (_, before, after, said) => expect(kinds(before, after)).toEqual(said));

  it('never repeats one’s own answer, and names everybody else', () => {
    const before = someRecording({ people: [host(), subject('me', 'wait'), subject('C', 'wait')] });
    const after = someRecording({ people: [host(), subject('me', 'agreed'), subject('C', 'declined')] });
    expect(recordingNotices(before, after, 'me')).toEqual([{ kind: 'declined', name: 'Person C' }]);
  });
});

describe('the recording of a call', () => {
  const pushes = new Emitter<Pushes>();
  const asked: [string, unknown][] = [];
  let answer: (type: string) => unknown;
  let recording: CallRecording;
  let end: () => void;
  const notices: string[] = [];

  beforeEach(() => {
    vi.useFakeTimers();
    asked.length = 0;
    notices.length = 0;
    answer = () => ({});
    recording = new CallRecording({
      socket: {
        call: (async (type: string, data: unknown) => {
          asked.push([type, data]);
          const given = await answer(type);
          if (given instanceof Error) throw given;
          return given;
        }) as never,
        on: (type: keyof Pushes, listener: (data: never) => void) => pushes.on(type, listener as never),
      },
      room: 'R',
      self: () => 'me',
    });
    end = recording.listen();
    recording.on(({ kind }) => notices.push(kind));
  });
  afterEach(() => {
    end();
    vi.useRealTimers();
  });
  const push = (status: RecordingStatus, room = 'R') => pushes.emit('recording.status', { room, recording: status });

  it('answers by the version of the policy that was shown', async () => {
    push(someRecording());
    answer = () => ({ recording: running() });
    await recording.decide('agreed');
    expect(asked).toEqual([['recording.consent', { room: 'R', recording: 'REC', decision: 'agreed', policyVersion: '3' }]]);
    push(running());
    expect(notices).toEqual(['asked', 'started']);
  });

  it('changes nothing when the server refuses', async () => {
    push(someRecording());
    answer = () => local.disconnected();
    await expect(recording.decide('agreed')).rejects.toMatchObject({ code: 'disconnected' });
    expect(stageOf(recording.state.get().status, 'me')).toBe('ask');
  });

  it('lets a push that came meanwhile win over an older answer', async () => {
    let give: (value: unknown) => void = () => undefined;
    answer = () => new Promise((resolve) => (give = resolve));
    const refreshing = recording.refresh();
    push(running());
    give({ recording: someRecording() });
    await refreshing;
    expect(recording.state.get().status?.state).toBe('recording');
  });

  it('asks anew after a lost connection, and learns that it ended meanwhile', async () => {
    push(running());
    await recording.refresh();
    expect(recording.state.get().status).toBeUndefined();
    expect(recording.last).toBe('REC');
  });

  it('lets the end be seen for a while, then nothing', () => {
    push(running());
    push(running({ state: 'finalising' }));
    expect(stageOf(recording.state.get().status, 'me')).toBe('finalising');
    vi.advanceTimersByTime(10_000);
    expect(recording.state.get().status).toBeUndefined();
  });

  it('knows nothing of other rooms, nor of its own once left', () => {
    push(running(), 'OTHER');
    expect(recording.state.get().status).toBeUndefined();
    push(running());
    recording.forget();
    expect(recording.state.get().status).toBeUndefined();
    expect(recording.last).toBe('REC');
    end();
    push(running());
    expect(recording.state.get().status).toBeUndefined();
  });

  it('remembers no recording of people one was not among', () => {
    push(running({ people: [] }));
    expect(recording.last).toBeUndefined();
  });

  it('remembers no recording that never began', () => {
    push(someRecording());
    push(someRecording({ state: 'cancelled' }));
    expect(recording.last).toBeUndefined();
  });
});
