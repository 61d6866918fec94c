import { type RealtimeSocket } from '../realtime/socket';
import { type Consent, type Decision, type RecordingStatus, type RecordingSubject } from '../realtime/types';
import { Emitter, Store, type Readable } from '../store';

/** Where this person stands with the recording of the session they are in. */
export type RecordingStage =
  | 'off'
  | 'ask' // this person owes an answer
  | 'wait' // agreed; others still owe theirs
  | 'agreed' // agreed, and everybody has answered; it has not begun
  | 'declined'
  | 'withdrawn'
  | 'recording'
  | 'finalising'
  | 'failed';

/** What happened to a recording and is worth a word or a sound. */
export type RecordingNotice =
  | { kind: 'asked' | 'started' | 'resumed' | 'paused' | 'stopped' | 'cancelled' | 'failed' | 'disk-low' | 'disk-full' }
  | { kind: Decision; name: string };

export interface RecordingSnapshot {
  status: RecordingStatus | undefined;
  /** performance.now() when the status came: its elapsedMs is counted on from here. */
  at: number;
}

const nothing: RecordingSnapshot = { status: undefined, at: 0 };

/** Milliseconds for which the end of a recording stays in sight. */
const farewell = 8_000;

/** States in which people are asked or recorded; the others are its end. */
export function isLive(status: RecordingStatus | undefined): status is RecordingStatus {
  return status?.state === 'asking' || status?.state === 'recording';
}

/** Asking again in the middle: something was recorded before, and nothing is now. */
export function isPaused(status: RecordingStatus | undefined): boolean {
  return status?.state === 'asking' && status.startedAt !== undefined;
}

export function subjectOf(status: RecordingStatus | undefined, participant: string | undefined): RecordingSubject | undefined {
  return status?.people.find((p) => p.participant === participant);
}

/** People with this answer, but for one. */
export function those(status: RecordingStatus | undefined, consent: Consent, but?: string): RecordingSubject[] {
  return status?.people.filter((p) => p.consent === consent && p.participant !== but) ?? [];
}

export function stageOf(status: RecordingStatus | undefined, self: string | undefined): RecordingStage {
  if (!status) return 'off';
  if (status.state === 'finalising' || status.state === 'failed') return status.state;
  if (!isLive(status)) return 'off';
  const mine = subjectOf(status, self)?.consent;
  if (mine === 'wait') return 'ask';
  if (mine === 'declined' || mine === 'withdrawn') return mine;
  if (status.state === 'recording') return 'recording';
  return those(status, 'wait').length > 0 ? 'wait' : 'agreed';
}

/** How long it has recorded by now, in milliseconds; it stands while nothing is recorded. */
export function elapsed({ status, at }: RecordingSnapshot, now: number): number {
  if (!status) return 0;
  return status.elapsedMs + (status.state === 'recording' ? Math.max(0, now - at) : 0);
}

/** What changed between two words of the server. A page that just came in hears how things stand, once. */
export function recordingNotices(before: RecordingStatus | undefined, after: RecordingStatus | undefined, self: string | undefined): RecordingNotice[] {
  const was = before && after && before.id === after.id ? before : undefined;
  if (!after) return [];
  const notices: RecordingNotice[] = [];
  const tell = (kind: 'asked' | 'started' | 'resumed' | 'paused' | 'stopped' | 'cancelled' | 'failed' | 'disk-low' | 'disk-full') => notices.push({ kind });
  if (was) {
    for (const person of after.people) {
      const earlier = was.people.find((p) => p.participant === person.participant);
      if (person.participant !== self && person.consent !== 'wait' && earlier && earlier.consent !== person.consent) {
        notices.push({ kind: person.consent, name: person.name });
      }
    }
  }
  // Who is asked on coming in reads in the question that it runs.
  if (after.state === 'recording' && was?.state !== 'recording' && (was || stageOf(after, self) !== 'ask')) tell(isPaused(was) ? 'resumed' : 'started');
  if (isPaused(after) && was?.state === 'recording') tell('paused');
  if (stageOf(after, self) === 'ask' && stageOf(was, self) !== 'ask') tell('asked');
  if (was && was.state !== after.state) {
    if (after.state === 'finalising') tell('stopped');
    if (after.state === 'cancelled' || after.state === 'failed') tell(after.state);
  }
  if (isLive(after) && after.disk !== 'ok' && was?.disk !== after.disk) tell(after.disk === 'full' ? 'disk-full' : 'disk-low');
  return notices;
}

interface Options {
  socket: Pick<RealtimeSocket, 'call' | 'on'>;
  room: string;
  /** Who this person is in the room; undefined before they are in. */
  self: () => string | undefined;
}

/**
 * The recording of one room as this person may know it. The server's word is
 * the only truth: a button pressed here changes nothing until it answers.
 */
export class CallRecording {
  readonly #options: Options;
  readonly #state = new Store<RecordingSnapshot>(nothing);
  readonly #events = new Emitter<{ notice: RecordingNotice }>();
  #off: (() => void) | undefined;
  #clearing: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;
  #last: string | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  get state(): Readable<RecordingSnapshot> {
    return this.#state;
  }

  /** The last recording of this visit that really began and had this person asked, for the page after it. */
  get last(): string | undefined {
    return this.#last;
  }

  on(listener: (notice: RecordingNotice) => void): () => void {
    return this.#events.on('notice', listener);
  }

  /** Listens until the returned function is called. */
  listen(): () => void {
    this.#off = this.#options.socket.on('recording.status', ({ room, recording }) => {
      if (room === this.#options.room) this.#take(recording);
    });
    return () => {
      this.#off?.();
      this.#off = undefined;
      this.forget();
    };
  }

  /** Asks how things stand: before coming in, on coming in, and after every lost connection. */
  async refresh(): Promise<void> {
    const asked = ++this.#asked;
    try {
      const { recording } = await this.#options.socket.call('recording.status', { room: this.#options.room });
      // A push that came meanwhile is newer than this answer.
      if (asked === this.#asked) this.#take(recording);
    } catch {
      // Lost with the socket, whose return asks again; or refused, and then there is nothing to show.
    }
  }

  start = (purpose: string) => this.#act('recording.start', { room: this.#options.room, ...(purpose ? { purpose } : {}) });
  stop = () => this.#act('recording.stop', { room: this.#options.room });

  /** Answers the question that is on the table, by the version of the policy that was shown. */
  async decide(decision: Decision): Promise<void> {
    const { status } = this.#state.get();
    if (!isLive(status)) return;
    await this.#act('recording.consent', { room: this.#options.room, recording: status.id, decision, policyVersion: status.policyVersion });
  }

  /** A private bookmark at this moment. */
  async mark(label?: string) {
    return (await this.#options.socket.call('recording.mark', { room: this.#options.room, ...(label ? { label } : {}) })).mark;
  }

  /** Out of the room: what happens there is not this person's to know any more. */
  forget(): void {
    clearTimeout(this.#clearing);
    this.#asked++;
    this.#state.set(nothing);
  }

  async #act(type: 'recording.start' | 'recording.stop' | 'recording.consent', data: object): Promise<void> {
    const { recording } = await this.#options.socket.call(type, data as never);
    this.#take(recording);
  }

  #take(status: RecordingStatus | undefined): void {
    this.#asked++;
    clearTimeout(this.#clearing);
    const before = this.#state.get().status;
    const self = this.#options.self();
    if (status?.startedAt !== undefined && subjectOf(status, self)) this.#last = status.id;
    this.#state.set(status ? { status, at: performance.now() } : nothing);
    // The answer to one's own request and the push say the same; it is told once.
    for (const notice of recordingNotices(before, status, self)) this.#events.emit('notice', notice);
    if (status && !isLive(status)) this.#clearing = setTimeout(() => this.#state.set(nothing), farewell);
  }
}
