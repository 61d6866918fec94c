/** One field the server refused, by its path in the body. */
export interface FieldProblem {
  field: string;
  message: string;
}

/**
 * What went wrong with a request, as the server said it (RFC 9457) or as the
 * network did. It travels as a value; the app shell decides what to show.
 */
export class Problem extends Error {
  /** HTTP status; 0 when no answer came (offline, refused, aborted). */
  readonly status: number;
  /** Stable word, e.g. "slot_taken"; "network" when no answer came. */
  readonly code: string;
  /** What the person tells support; empty when no answer came. */
  readonly requestId: string;
  /** Seconds to wait before trying again, when the server said so. */
  readonly retryAfter: number | undefined;
  readonly fields: readonly FieldProblem[];

  constructor(init: {
    status: number;
    code: string;
    message: string;
    requestId?: string;
    retryAfter?: number | undefined;
    fields?: readonly FieldProblem[];
  }) {
    super(init.message);
    this.name = 'Problem';
    this.status = init.status;
    this.code = init.code;
    this.requestId = init.requestId ?? '';
    this.retryAfter = init.retryAfter;
    this.fields = init.fields ?? [];
  }

  /** The request's name, when the fault is the server's and support can look it up. */
  get reference(): string {
    return this.status >= 500 ? this.requestId : '';
  }

  /** Whether the same request may succeed later. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 502;
  }
}

/** Any thrown thing as a Problem, so views handle one type. */
export function asProblem(cause: unknown): Problem {
  if (cause instanceof Problem) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new Problem({ status: 0, code: 'unexpected', message });
}
