/** Something that has a value now and says when it changes: what React's useSyncExternalStore reads. */
export interface Readable<T> {
  get(): T;
  subscribe(listener: () => void): () => void;
}

/**
 * A value with listeners, free of React. Setting an identical value tells
 * nobody, so a snapshot keeps its identity until something really changed.
 */
export class Store<T> implements Readable<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get = (): T => this.#value;

  set = (value: T): void => {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener();
  };

  update = (change: (value: T) => T): void => this.set(change(this.#value));

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };
}

/** Typed callbacks by name. A listener's `off` is the only way it ends, so its owner keeps it. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>();

  on<K extends keyof Events>(name: K, listener: (event: Events[K]) => void): () => void {
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set);
    set.add(listener as (event: never) => void);
    return () => {
      set.delete(listener as (event: never) => void);
    };
  }

  emit<K extends keyof Events>(name: K, event: Events[K]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) (listener as (event: Events[K]) => void)(event);
  }
}
