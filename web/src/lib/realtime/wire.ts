/** The envelope of every frame (signaling/PROTOCOL.md), and nothing about what is inside. */
export interface Position {
  offset: number;
  epoch: string;
}

export interface TopicState extends Position {
  recovered: boolean;
  /** The topic was refused; the position means nothing then. */
  error?: WireError;
}

export interface SocketUser {
  id: string;
  name: string;
  kind: string;
  role?: string;
}

export interface HelloReply {
  connection: string;
  /** Milliseconds between pings the server expects at least. */
  heartbeat: number;
  user: SocketUser;
  topics: Record<string, TopicState>;
}

export interface WireError {
  status: number;
  code: string;
  message: string;
  /** Seconds. */
  retryAfter?: number;
}

export type Inbound =
  | { re: number; data?: unknown; error?: WireError }
  | { type: string; topic?: string; offset?: number; data: unknown };

/** A refusal by the server, or by the way to it: `disconnected`, `timeout`, `aborted`. */
export class RealtimeError extends Error {
  readonly status: number;
  readonly code: string;
  /** Seconds to wait before asking again, when the server says so. */
  readonly retryAfter: number | undefined;

  constructor(error: WireError) {
    super(error.message);
    this.name = 'RealtimeError';
    this.status = error.status;
    this.code = error.code;
    this.retryAfter = error.retryAfter;
  }

  /** True when nothing was decided: the question may be asked again later. */
  get lost(): boolean {
    return this.status === 0;
  }
}

export const local = {
  disconnected: () => new RealtimeError({ status: 0, code: 'disconnected', message: 'The connection was lost.' }),
  timeout: (type: string) => new RealtimeError({ status: 0, code: 'timeout', message: `No answer to ${type}.` }),
  aborted: () => new RealtimeError({ status: 0, code: 'aborted', message: 'Cancelled.' }),
};

/** Parses one frame; anything that is not an envelope is undefined and ignored. */
export function parseFrame(text: unknown): Inbound | undefined {
  if (typeof text !== 'string') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const frame = value as Record<string, unknown>;
  if (typeof frame.re === 'number') return frame as unknown as Inbound;
  if (typeof frame.type === 'string') return frame as unknown as Inbound;
  return undefined;
}
