/** Why the socket will not come back by itself; the page says it in words. */
export type Ended = 'signed-out' | 'forbidden' | 'replaced' | 'outdated';

export type ClosePolicy =
  | { reconnect: true; /** Least milliseconds to wait. */ after: number }
  | { reconnect: false; why: Ended };

/**
 * What each close code asks of a client (signaling/PROTOCOL.md). An unknown
 * code is a network accident and is retried.
 */
export function closePolicy(code: number): ClosePolicy {
  switch (code) {
    case 4401:
      return { reconnect: false, why: 'signed-out' };
    case 4403:
      return { reconnect: false, why: 'forbidden' };
    case 4409:
      return { reconnect: false, why: 'replaced' };
    // We sent something this server does not understand: the page is older
    // or newer than the server, and saying it again cannot help.
    case 1002:
    case 1003:
    case 1007:
    case 1008:
    case 4400:
      return { reconnect: false, why: 'outdated' };
    case 4429:
      return { reconnect: true, after: 10_000 };
    case 1013:
      return { reconnect: true, after: 2_000 };
    case 1012:
      return { reconnect: true, after: 250 };
    default:
      return { reconnect: true, after: 0 };
  }
}
