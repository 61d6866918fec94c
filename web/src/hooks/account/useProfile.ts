import { useMutation, useQueryClient } from '@tanstack/react-query';
import { keys } from '@/lib/api/keys';
import { account } from '@/lib/api/services/account';

export function useProfile() {
  const client = useQueryClient();
  const update = useMutation({
    mutationFn: account.update,
    onSuccess: (me) => client.setQueryData(keys.me, me),
  });
  const changePassword = useMutation({
    mutationFn: (v: { current: string; next: string }) => account.changePassword(v.current, v.next),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.devices }),
  });
  return { update, changePassword };
}
