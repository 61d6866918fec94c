import { useQuery } from '@tanstack/react-query';
import { account } from '@/lib/api/services/account';

/** What an invitation token stands for, before it is accepted. */
export function useInvitation(token: string) {
  return useQuery({
    // The token is a secret: it lives in this page's memory and nowhere else.
    queryKey: ['invitation', token],
    queryFn: ({ signal }) => account.invitation.preview(token, signal),
    enabled: token !== '',
    gcTime: 0,
  });
}
