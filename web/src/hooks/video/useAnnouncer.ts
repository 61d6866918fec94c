import { useEffect, useRef, useState } from 'react';

/** Milliseconds between two politely spoken lines. */
const pace = 1_500;
const longest = 4;

/**
 * A polite voice for screen readers: lines are spoken one after another, not
 * on top of each other, and when too much happens the oldest are dropped.
 */
export class Announcer {
  readonly #say: (line: string) => void;
  readonly #queue: string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  announce(line: string): void {
    if (this.#queue[this.#queue.length - 1] === line) return;
    this.#queue.push(line);
    if (this.#queue.length > longest) this.#queue.shift();
    if (this.#timer === undefined) this.#next();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#queue.length = 0;
  }

  #next(): void {
    const line = this.#queue.shift();
    if (line === undefined) {
      this.#timer = undefined;
      return;
    }
    this.#say(line);
    this.#timer = setTimeout(() => this.#next(), pace);
  }
}

export function useAnnouncer() {
  const [line, setLine] = useState('');
  const [announcer] = useState(() => new Announcer(setLine));
  useEffect(() => () => announcer.end(), [announcer]);
  return { line, announcer };
}

/** Says who speaks, at most once per `every`, and only when it is somebody new. */
export function useSpokenSpeaker(name: string | undefined, say: (name: string) => void, every = 6_000) {
  const last = useRef({ name: '', at: -every });
  useEffect(() => {
    if (name === undefined || name === last.current.name) return;
    const wait = Math.max(800, last.current.at + every - performance.now());
    const timer = setTimeout(() => {
      last.current = { name, at: performance.now() };
      say(name);
    }, wait);
    return () => clearTimeout(timer);
  }, [name, say, every]);
}
