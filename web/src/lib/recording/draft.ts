import { Store, type Readable } from '../store';

export type DraftStatus = 'saved' | 'unsaved' | 'saving' | 'failed' | 'conflict';

export interface Draft<T> {
  value: T;
  version: number;
  status: DraftStatus;
}

/** What a save came to; a conflict is somebody else's newer version. */
export type Saved = { version: number } | 'conflict' | 'failed';

interface DraftOptions<T> {
  save: (value: T, version: number) => Promise<Saved>;
  /** The newest version the server has. */
  load: () => Promise<{ value: T; version: number }>;
}

const restMs = 1200;
const againMs = 8000;

/**
 * A text that saves itself shortly after each change. One save at a time; what
 * changes meanwhile is saved after it. Another's newer version is never
 * overwritten unasked.
 */
export class AutoDraft<T> {
  readonly #o: DraftOptions<T>;
  readonly #store: Store<Draft<T>>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #saving: Promise<void> | undefined;
  #ended = false;

  constructor(value: T, version: number, options: DraftOptions<T>) {
    this.#o = options;
    this.#store = new Store<Draft<T>>({ value, version, status: 'saved' });
  }

  get state(): Readable<Draft<T>> {
    return this.#store;
  }

  change(value: T): void {
    const { status } = this.#store.get();
    this.#store.update((d) => ({ ...d, value, status: status === 'conflict' ? 'conflict' : 'unsaved' }));
    if (status !== 'conflict') this.#later(restMs);
  }

  /** Saves now whatever is not saved; true when all is. */
  async flush(): Promise<boolean> {
    clearTimeout(this.#timer);
    await this.#saving;
    const { status } = this.#store.get();
    if (status === 'unsaved' || status === 'failed') await this.#save();
    return this.#store.get().status === 'saved';
  }

  /** Ends a conflict: over theirs, on top of their version. */
  async keepMine(): Promise<void> {
    const theirs = await this.#o.load();
    this.#store.update((d) => ({ ...d, version: theirs.version, status: 'unsaved' }));
    await this.flush();
  }

  /** Ends a conflict: what was written here goes. */
  async takeTheirs(): Promise<void> {
    const theirs = await this.#o.load();
    this.#store.set({ ...theirs, status: 'saved' });
  }

  /** The page goes; what is left is sent. */
  end(): void {
    void this.flush();
    this.#ended = true;
  }

  #later(ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#ended) this.#timer = setTimeout(() => void this.flush(), ms);
  }

  #save(): Promise<void> {
    this.#saving ??= this.#send().finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  async #send(): Promise<void> {
    const { value, version } = this.#store.get();
    this.#store.update((d) => ({ ...d, status: 'saving' }));
    const result = await this.#o.save(value, version).catch((): Saved => 'failed');
    const changed = this.#store.get().value !== value;
    if (result === 'conflict') {
      this.#store.update((d) => ({ ...d, status: 'conflict' }));
    } else if (result === 'failed') {
      this.#store.update((d) => ({ ...d, status: 'failed' }));
      this.#later(againMs);
    } else {
      this.#store.update((d) => ({ ...d, version: result.version, status: changed ? 'unsaved' : 'saved' }));
      if (changed) this.#later(restMs);
    }
  }
}
