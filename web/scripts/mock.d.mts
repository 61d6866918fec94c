import { type Me } from '../src/lib/api/types';

export const moment: Date;
export const people: { id: string; name: string; role: NonNullable<Me['role']>; active: boolean; email: string }[];
export function meOf(id: string): Me;
export function answer(
  me: Me | null,
  method: string,
  path: string,
  query: URLSearchParams,
): { status: number; body?: unknown };
