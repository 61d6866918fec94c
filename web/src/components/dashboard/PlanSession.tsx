import { lazy, Suspense } from 'react';
import { useCareUnits, usePeople } from '@/hooks/people/usePeople';
import { type Me, seesEverybody } from '@/lib/api/types';

const PlanDialog = lazy(() => import('@/components/sessions/PlanDialog').then((m) => ({ default: m.PlanDialog })));

/** The planning dialog with the people one may plan for: where people and sessions meet. */
export function PlanSession({ me, onClose }: { me: Me; onClose: () => void }) {
  const people = usePeople();
  const units = useCareUnits(true);
  if (people.isPending || units.isPending) return null;
  const active = (people.data ?? []).filter((p) => p.active);
  return (
    <Suspense fallback={null}>
      <PlanDialog
        clients={active.filter((p) => p.role === 'client')}
        units={units.data ?? []}
        hosts={seesEverybody(me) ? active.filter((p) => p.role === 'therapist') : []}
        onClose={onClose}
      />
    </Suspense>
  );
}
