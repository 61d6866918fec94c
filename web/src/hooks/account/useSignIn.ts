import { useMutation } from '@tanstack/react-query';
import { useBecome } from '@/hooks/useMe';
import { account } from '@/lib/api/services/account';

/** Every way of becoming somebody. Each mutation ends with that identity in place. */
export function useSignIn() {
  const become = useBecome();
  const onSuccess = become;
  const password = useMutation({
    mutationFn: (v: { email: string; password: string }) => account.signIn(v.email, v.password),
    onSuccess,
  });
  const link = useMutation({ mutationFn: (token: string) => account.signInByLink(token), onSuccess });
  const guest = useMutation({
    mutationFn: (v: { token: string; name: string }) => account.signInAsGuest(v.token, v.name),
    onSuccess,
  });
  const setup = useMutation({ mutationFn: account.setup, onSuccess });
  const accept = useMutation({
    mutationFn: (v: { token: string; name: string; password: string }) => account.invitation.accept(v.token, v.name, v.password),
    onSuccess,
  });
  return { password, link, guest, setup, accept };
}

export function useSignOut() {
  const become = useBecome();
  return useMutation({ mutationFn: account.signOut, onSuccess: () => become(null) });
}
