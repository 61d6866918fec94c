import { QueryClient } from '@tanstack/react-query';
import { Problem } from '@/lib/api/problem';

/** A request that cannot succeed by trying again is not tried again. */
function worthRetrying(count: number, error: Error): boolean {
  if (count >= 2) return false;
  if (!(error instanceof Problem)) return false;
  return error.temporary;
}

export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { retry: worthRetrying, staleTime: 15_000, refetchOnWindowFocus: true },
      mutations: { retry: false },
    },
  });
}
