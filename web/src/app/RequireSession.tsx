import { Navigate, Outlet, useLocation } from 'react-router';
import { ProblemNotice } from '@/components/ui/Notice';
import { Splash } from '@/components/ui/Waiting';
import { MeContext, useMeQuery } from '@/hooks/useMe';
import classes from './RequireSession.module.css';

/**
 * Lets only the signed-in through and remembers where the others wanted to go.
 * A 401 of any later request empties `me` (see queryClient.ts) and ends here.
 */
export function RequireSession() {
  const me = useMeQuery();
  const { pathname, search } = useLocation();
  if (me.data) {
    return (
      <MeContext value={me.data}>
        <Outlet />
      </MeContext>
    );
  }
  if (me.isPending) return <Splash />;
  if (me.isError) {
    return (
      <main className={classes.failed}>
        <ProblemNotice error={me.error} onRetry={() => void me.refetch()} />
      </main>
    );
  }
  const to = pathname + search;
  return <Navigate to={to === '/' ? '/sign-in' : `/sign-in?to=${encodeURIComponent(to)}`} replace />;
}
