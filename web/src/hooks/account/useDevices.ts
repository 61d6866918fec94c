import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { keys } from '@/lib/api/keys';
import { account } from '@/lib/api/services/account';
import { type Device } from '@/lib/api/types';

/** Where one is signed in, newest first, and how to end it. */
export function useDevices() {
  const client = useQueryClient();
  const devices = useQuery({ queryKey: keys.devices, queryFn: ({ signal }) => account.devices.getAll(signal) });
  const revoke = useMutation({
    mutationFn: (id: string) => account.devices.revoke(id),
    onSuccess: (_, id) => {
      client.setQueryData<Device[]>(keys.devices, (list) => list?.filter((d) => d.id !== id));
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.devices }),
  });
  return { devices, revoke };
}
