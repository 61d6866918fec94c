import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect } from 'react';
import { bindCache, type Invalidates } from '@/lib/realtime/cache';
import { browserWakeups, RealtimeSocket, socketUrl } from '@/lib/realtime/socket';

/** Milliseconds the socket outlives its last user: a page change needs no new one, a goodbye still gets out. */
const linger = 1_000;

/**
 * Counts who needs the socket; after the last one it closes, so another
 * identity starts afresh. While it is used, what it says reaches the cache.
 */
export class SharedSocket {
  readonly #make: () => RealtimeSocket;
  #socket: RealtimeSocket | undefined;
  #users = 0;
  #closing: ReturnType<typeof setTimeout> | undefined;
  #unbind: (() => void) | undefined;

  constructor(make: () => RealtimeSocket) {
    this.#make = make;
  }

  get socket(): RealtimeSocket {
    this.#socket ??= this.#make();
    return this.#socket;
  }

  use(cache: Invalidates): () => void {
    clearTimeout(this.#closing);
    this.#users++;
    this.#unbind ??= bindCache(this.socket, cache);
    this.socket.open();
    return () => {
      if (--this.#users > 0) return;
      this.#unbind?.();
      this.#unbind = undefined;
      this.#closing = setTimeout(() => this.socket.close(), linger);
    };
  }
}

function tabSocket(): SharedSocket {
  return new SharedSocket(() => new RealtimeSocket({ url: socketUrl(window.location), wakeups: browserWakeups }));
}

/** The one socket of this tab. Tests put their own in its place. */
export const SocketContext = createContext<SharedSocket>(tabSocket());

/** The socket, open as long as some component uses it, and joined to the query cache. */
export function useSocket(): RealtimeSocket {
  const shared = useContext(SocketContext);
  const cache = useQueryClient();
  useEffect(() => shared.use(cache), [shared, cache]);
  return shared.socket;
}
