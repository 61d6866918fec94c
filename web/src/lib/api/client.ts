import createClient from 'openapi-fetch';
import { Problem, type FieldProblem } from './problem';
import { type paths } from './schema.gen';

/** Typed calls to the server this page came from; the cookie is the identity. */
export const api = createClient<paths>({
  baseUrl: typeof location === 'undefined' ? '' : location.origin,
  credentials: 'same-origin',
  // Looked up at each call, so tests and the service worker may replace it.
  fetch: (request) => globalThis.fetch(request),
});

interface Answer<T> {
  data?: T | undefined;
  error?: unknown;
  response: Response;
}

/**
 * Waits for a call and gives its body, or throws the Problem the server (or
 * the network) answered with. Nothing is shown here: the caller decides.
 */
export async function ask<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new Problem({ status: 0, code: 'network', message: 'The server could not be reached.' });
  }
  if (answer.response.ok) return answer.data as T;
  throw problemFrom(answer.error, answer.response);
}

/** Like ask, but a 404 or 401 named in `absent` means null, not a failure. */
export async function askMaybe<T>(call: Promise<Answer<T>>, ...absent: number[]): Promise<T | null> {
  try {
    return await ask(call);
  } catch (cause) {
    if (cause instanceof Problem && absent.includes(cause.status)) return null;
    throw cause;
  }
}

/** What one query may read at most; a practice larger than this searches instead. */
const mostPages = 20;

/** Every item of a list, page after page of 100. */
export async function askAll<T>(
  page: (query: { cursor?: string; limit: number }) => Promise<Answer<{ items: T[]; next?: string | undefined }>>,
): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  for (let n = 0; n < mostPages; n += 1) {
    const { items, next } = await ask(page({ cursor, limit: 100 }));
    all.push(...items);
    if (!next) break;
    cursor = next;
  }
  return all;
}

function problemFrom(body: unknown, response: Response): Problem {
  const b = isRecord(body) ? body : {};
  const wait = Number(response.headers.get('Retry-After'));
  return new Problem({
    status: response.status,
    code: text(b.code) || `http_${response.status}`,
    message: text(b.detail) || text(b.title) || response.statusText || String(response.status),
    requestId: text(b.requestId) || response.headers.get('X-Request-Id') || '',
    retryAfter: Number.isFinite(wait) && wait > 0 ? wait : undefined,
    fields: Array.isArray(b.errors) ? b.errors.flatMap(fieldFrom) : [],
  });
}

/** `body.email` and `email` both name the field `email`. */
function fieldFrom(entry: unknown): FieldProblem[] {
  if (!isRecord(entry)) return [];
  const where = text(entry.field) || text(entry.location) || text(entry.path);
  return [{ field: where.replace(/^(body|query|path)\./, ''), message: text(entry.message) }];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
