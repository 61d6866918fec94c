import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { keys } from '@/lib/api/keys';
import { people } from '@/lib/api/services/people';
import { type Care, type Person, type Role } from '@/lib/api/types';

export function usePeople(wanted = true) {
  return useQuery({ queryKey: keys.people, queryFn: ({ signal }) => people.getAll(signal), enabled: wanted });
}

/** Who else works here, for choosing one of them. */
export function useColleagues(wanted = true) {
  return useQuery({ queryKey: keys.colleagues, queryFn: ({ signal }) => people.colleagues(signal), enabled: wanted });
}

/** Switches an account on or off; the list shows it before the server answers. */
export function useSetActive() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (v: { id: string; active: boolean }) => people.update(v.id, { active: v.active }),
    onMutate: async ({ id, active }) => {
      await client.cancelQueries({ queryKey: keys.people });
      const before = client.getQueryData<Person[]>(keys.people);
      client.setQueryData<Person[]>(keys.people, (list) => list?.map((p) => (p.id === id ? { ...p, active } : p)));
      return before;
    },
    onError: (_error, _v, before) => client.setQueryData(keys.people, before),
    onSettled: () => client.invalidateQueries({ queryKey: keys.people }),
  });
}

export function useUpdatePerson() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (v: { id: string; name?: string; role?: Role }) => people.update(v.id, { name: v.name, role: v.role }),
    onSettled: () => client.invalidateQueries({ queryKey: keys.people }),
  });
}

export function useInvitations(wanted: boolean) {
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: keys.invitations });
  const list = useQuery({
    queryKey: keys.invitations,
    queryFn: ({ signal }) => people.invitations.getAll(signal),
    enabled: wanted,
  });
  const create = useMutation({ mutationFn: people.invitations.create, onSuccess: refresh });
  const revoke = useMutation({ mutationFn: (id: string) => people.invitations.revoke(id), onSettled: refresh });
  return { list, create, revoke };
}

const pairs = [...keys.care, 'pairs'] as const;

/** Couples, families and groups one may plan for. */
export function useCareUnits(wanted: boolean) {
  return useQuery({ queryKey: keys.careUnits, queryFn: ({ signal }) => people.units.getAll(signal), enabled: wanted });
}

/** Who treats whom. */
export function useCare(wanted: boolean) {
  const client = useQueryClient();
  const list = useQuery({ queryKey: pairs, queryFn: ({ signal }) => people.care.getAll(signal), enabled: wanted });
  const change = useMutation({
    mutationFn: (v: Omit<Care, 'since'> & { treats: boolean }) =>
      v.treats ? people.care.set(v.therapistId, v.clientId) : people.care.end(v.therapistId, v.clientId),
    onMutate: async ({ treats, ...care }) => {
      await client.cancelQueries({ queryKey: keys.care });
      const before = client.getQueryData<Care[]>(pairs);
      client.setQueryData<Care[]>(pairs, (now = []) => {
        const rest = now.filter((c) => c.therapistId !== care.therapistId || c.clientId !== care.clientId);
        return treats ? [...rest, { ...care, since: new Date().toISOString() }] : rest;
      });
      return before;
    },
    onError: (_error, _v, before) => client.setQueryData(pairs, before),
    onSettled: () => client.invalidateQueries({ queryKey: keys.care }),
  });
  return { list, change };
}
