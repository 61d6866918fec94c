import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { keys } from '@/lib/api/keys';
import { retention } from '@/lib/api/services/retention';
import { type RetentionPolicies } from '@/lib/api/types';

/** How long recordings are kept, which end next, and changing the rules. */
export function useRetention() {
  const client = useQueryClient();
  const policies = useQuery({ queryKey: [...keys.retention, 'policies'], queryFn: ({ signal }) => retention.policies(signal) });
  const due = useQuery({ queryKey: [...keys.retention, 'due'], queryFn: ({ signal }) => retention.due(signal) });
  const save = useMutation({
    mutationFn: (next: RetentionPolicies) => retention.save(next),
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: keys.retention }), client.invalidateQueries({ queryKey: keys.recordings.all })]),
  });
  const preview = useMutation({ mutationFn: (next: RetentionPolicies) => retention.preview(next) });
  return { policies, due, save, preview };
}
