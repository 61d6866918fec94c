import { keys } from '../api/keys';
import { type Pushes } from './events.gen';

/** The part of a query client this file needs. */
export interface Invalidates {
  invalidateQueries(filter: { queryKey: readonly unknown[] }): unknown;
}

type Rule<K extends keyof Pushes> = (data: Pushes[K]) => readonly (readonly unknown[])[];
type Rules = { [K in keyof Pushes]?: Rule<K> };

/**
 * Every reaction of the query cache to the server's frames, in one place.
 * A frame names what changed; the queries that show it ask again.
 */
export const reactions: Rules = {
  'room.changed': ({ room }) => [['rooms', 'list'], keys.rooms.one(room.id)],
  'room.participant': () => [['rooms', 'participants']],
  'room.left': () => [['rooms', 'participants'], ['rooms', 'attendance']],
  'room.ended': () => [keys.rooms.all],
  'recordings.changed': ({ recording }) => [['recordings', 'list'], keys.recordings.one(recording), keys.retention],
  'rooms.changed': ({ room }) => [['rooms', 'list'], keys.rooms.one(room), ['rooms', 'attendance']],
};

export interface Pushing {
  on<K extends keyof Pushes & string>(type: K, listener: (data: Pushes[K]) => void): () => void;
}

/** Joins socket and cache; the returned function parts them. */
export function bindCache(socket: Pushing, cache: Invalidates): () => void {
  const offs = (Object.keys(reactions) as (keyof Pushes & string)[]).map((type) =>
    socket.on(type, (data) => {
      const rule = reactions[type] as Rule<typeof type> | undefined;
      for (const queryKey of rule?.(data) ?? []) cache.invalidateQueries({ queryKey });
    }),
  );
  return () => {
    for (const off of offs) off();
  };
}
