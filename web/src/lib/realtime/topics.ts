import { type Position, type TopicState } from './wire';

interface Entry {
  /** Last frame seen; undefined until the server placed us. */
  at?: Position;
  owners: Set<Owner>;
}

interface Owner {
  onLost: (() => void) | undefined;
}

/**
 * Where this tab stands in each topic it follows. A topic is a numbered list
 * of frames; after a drop the server sends what was missed, or says that it
 * no longer has it, and then the owners are told to ask for everything again.
 */
export class Topics {
  readonly #entries = new Map<string, Entry>();

  /** @returns whether this is the topic's first owner, and the owner's end. */
  add(topic: string, onLost: (() => void) | undefined): { first: boolean; remove: () => boolean } {
    const entry = this.#entries.get(topic) ?? { owners: new Set<Owner>() };
    this.#entries.set(topic, entry);
    const owner: Owner = { onLost };
    entry.owners.add(owner);
    return {
      first: entry.owners.size === 1,
      /** True when that was the last owner. */
      remove: () => {
        if (!entry.owners.delete(owner) || entry.owners.size > 0) return false;
        this.#entries.delete(topic);
        return true;
      },
    };
  }

  /** What hello asks to resume; topics we were never placed in are subscribed afresh. */
  positions(): { resume: Record<string, Position>; fresh: string[] } {
    const resume: Record<string, Position> = {};
    const fresh: string[] = [];
    for (const [topic, entry] of this.#entries) {
      if (entry.at) resume[topic] = entry.at;
      else fresh.push(topic);
    }
    return { resume, fresh };
  }

  position(topic: string): Position | undefined {
    return this.#entries.get(topic)?.at;
  }

  /** The server's word on where we stand now. */
  place(topic: string, state: TopicState, resumed: boolean): void {
    const entry = this.#entries.get(topic);
    if (!entry || state.error) return;
    entry.at = { offset: Math.max(state.offset, entry.at?.epoch === state.epoch ? entry.at.offset : 0), epoch: state.epoch };
    if (resumed && !state.recovered) for (const owner of [...entry.owners]) owner.onLost?.();
  }

  /**
   * Judges a numbered frame: `deliver` it, drop a `duplicate`, or ask for a
   * `gap` to be filled before anything newer is believed.
   */
  receive(topic: string, offset: number): 'deliver' | 'duplicate' | 'gap' {
    const entry = this.#entries.get(topic);
    if (!entry?.at) return 'deliver';
    if (offset <= entry.at.offset) return 'duplicate';
    if (offset > entry.at.offset + 1) return 'gap';
    entry.at = { offset, epoch: entry.at.epoch };
    return 'deliver';
  }
}
