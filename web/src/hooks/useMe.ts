import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import { keys } from '@/lib/api/keys';
import { account } from '@/lib/api/services/account';
import { type Me } from '@/lib/api/types';

export const meQuery = queryOptions({
  queryKey: keys.me,
  queryFn: ({ signal }) => account.me(signal),
  staleTime: 5 * 60_000,
});

/** Who is signed in, with the states of asking; data is null when nobody is. */
export function useMeQuery() {
  return useQuery(meQuery);
}

/** Set by the session guard. */
export const MeContext = createContext<Me | null>(null);

/**
 * Who is signed in. Only inside the session guard, where somebody always is:
 * the guard hands the identity down, so no page sees the moment in which it is
 * gone and the page still there.
 */
export function useMe(): Me {
  const me = useContext(MeContext);
  if (!me) throw new Error('useMe outside the session guard');
  return me;
}

/** Takes a fresh identity (or none): everything known of the one before goes. */
export function useBecome() {
  const client = useQueryClient();
  return (me: Me | null) => {
    client.removeQueries({ predicate: (query) => query.queryKey[0] !== keys.me[0] });
    client.setQueryData(keys.me, me);
  };
}
