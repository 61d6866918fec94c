import { Store, type Readable } from '../store';
import { type RtcSession } from './session';
import { figures, snapshot, type SessionFigures, type Snapshot } from './stats';

const every = 2_000;
/** Percent of loss at which speech is sent twice, and below which once again. */
const redundantAbove = 3;
const plainBelow = 1;

/** Reads the connection's own figures every two seconds while a call lasts. */
export class Monitor {
  readonly #session: RtcSession;
  readonly #figures = new Store<SessionFigures | undefined>(undefined);
  #timer: ReturnType<typeof setInterval> | undefined;
  #last: { pc: RTCPeerConnection; snapshot: Snapshot } | undefined;
  #redundant = false;

  constructor(session: RtcSession) {
    this.#session = session;
  }

  get figures(): Readable<SessionFigures | undefined> {
    return this.#figures;
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.#take(), every);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#last = undefined;
    this.#redundant = false;
    this.#figures.set(undefined);
  }

  async #take(): Promise<void> {
    const link = this.#session.link;
    if (!link || this.#session.state.get().phase !== 'connected') return;
    const report = await link.pc.getStats().catch(() => undefined);
    if (!report || this.#timer === undefined) return;
    const now = snapshot(report as unknown as Iterable<[string, unknown]>, performance.now());
    const before = this.#last?.pc === link.pc ? this.#last.snapshot : undefined;
    this.#last = { pc: link.pc, snapshot: now };
    if (!before) return;
    const arriving = [...this.#session.remote.get().values()];
    const leaving = link.publisher.infos();
    const result = figures(before, now, {
      inbound: (mid) => arriving.find((track) => track.mid === mid),
      outbound: (mid) => leaving.find((info) => info.mid === mid)?.source,
    });
    this.#figures.set(result);
    this.#protectSpeech(result);
  }

  #protectSpeech(now: SessionFigures): void {
    const loss = now.outbound.find((o) => o.source === 'microphone')?.loss ?? 0;
    const want = this.#redundant ? loss >= plainBelow : loss > redundantAbove;
    if (want === this.#redundant) return;
    this.#redundant = want;
    this.#session.link?.publisher.redundancy(want).catch(() => undefined);
  }
}
