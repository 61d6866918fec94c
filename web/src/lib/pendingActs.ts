import { Store, type Readable } from './store';

export interface PendingAct {
  /** Epoch milliseconds at which it is sent. */
  at: number;
}

/**
 * Acts that cannot be taken back once the server has them, held back for a
 * while in which they can. They outlive the page that asked, and die with the
 * tab: when in doubt, nothing was done.
 */
export class PendingActs {
  readonly #pending = new Store<ReadonlyMap<string, PendingAct>>(new Map());
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #delay: number;

  constructor(delay: number) {
    this.#delay = delay;
  }

  get pending(): Readable<ReadonlyMap<string, PendingAct>> {
    return this.#pending;
  }

  /** Sends after the delay unless undone; a second one with the same name starts the wait anew. */
  add(name: string, send: () => void): void {
    clearTimeout(this.#timers.get(name));
    if (this.#timers.size === 0) window.addEventListener('beforeunload', warn);
    this.#timers.set(
      name,
      setTimeout(() => {
        this.undo(name);
        send();
      }, this.#delay),
    );
    this.#pending.update((now) => new Map(now).set(name, { at: Date.now() + this.#delay }));
  }

  undo(name: string): void {
    clearTimeout(this.#timers.get(name));
    if (!this.#timers.delete(name)) return;
    if (this.#timers.size === 0) window.removeEventListener('beforeunload', warn);
    this.#pending.update((now) => new Map([...now].filter(([other]) => other !== name)));
  }
}

function warn(leaving: BeforeUnloadEvent): void {
  leaving.preventDefault();
}

/** Recordings about to be erased, one per page load; views read it through useErase. */
export const erasures = new PendingActs(10_000);
