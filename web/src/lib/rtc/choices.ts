/** Device ids a person chose, the only thing about a call this browser remembers. */
export interface Choices {
  camera?: string;
  microphone?: string;
  speaker?: string;
}

const key = 'mentara.devices';

export function readChoices(storage: Pick<Storage, 'getItem'>): Choices {
  try {
    const value: unknown = JSON.parse(storage.getItem(key) ?? '{}');
    if (typeof value !== 'object' || value === null) return {};
    const choices: Choices = {};
    for (const name of ['camera', 'microphone', 'speaker'] as const) {
      const id = (value as Record<string, unknown>)[name];
      if (typeof id === 'string' && id !== '') choices[name] = id;
    }
    return choices;
  } catch {
    return {}; // blocked storage or a stranger's value: start with the defaults
  }
}

export function writeChoices(storage: Pick<Storage, 'setItem'>, choices: Choices): void {
  try {
    storage.setItem(key, JSON.stringify(choices));
  } catch {
    // Private windows may refuse; the choice then lasts as long as the page.
  }
}
