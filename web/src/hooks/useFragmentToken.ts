import { useEffect, useMemo } from 'react';
import { useLocation } from 'react-router';

/**
 * The one-time token of a link, from behind its #. Fragments are never sent,
 * and this one is wiped from the address and the history at once; only this
 * page's memory keeps it. Empty when the link had none, or after a reload.
 */
export function useFragmentToken(): string {
  const { hash, pathname } = useLocation();
  useEffect(() => {
    if (hash) window.history.replaceState(window.history.state, '', pathname);
  }, [hash, pathname]);
  return useMemo(() => new URLSearchParams(hash.slice(1)).get('token') ?? '', [hash]);
}
