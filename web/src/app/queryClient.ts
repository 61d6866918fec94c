import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { keys } from '@/lib/api/keys';
import { Problem } from '@/lib/api/problem';

/** A request that cannot succeed by trying again is not tried again. */
function worthRetrying(count: number, error: Error): boolean {
  if (count >= 2) return false;
  if (!(error instanceof Problem)) return false;
  return error.temporary && error.status !== 429;
}

/**
 * The cache, and the one place where "not signed in any more" becomes a fact
 * of the whole app: any 401 empties `me`, and the session guard redirects.
 */
export function newQueryClient(): QueryClient {
  const signedOut = (error: Error) => {
    if (!(error instanceof Problem) || error.status !== 401) return;
    if (client.getQueryData(keys.me)) client.setQueryData(keys.me, null);
  };
  const client = new QueryClient({
    queryCache: new QueryCache({ onError: signedOut }),
    mutationCache: new MutationCache({ onError: signedOut }),
    defaultOptions: {
      queries: { retry: worthRetrying, staleTime: 15_000, refetchOnWindowFocus: true },
      mutations: { retry: false },
    },
  });
  return client;
}
