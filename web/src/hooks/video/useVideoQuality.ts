import { useMemo } from 'react';
import { useReadable } from '@/hooks/useReadable';
import { type Call } from '@/lib/rtc/call';
import { ownVerdict, theirVerdict, unknownVerdict, type Verdict } from '@/lib/rtc/quality';

/** How everybody's connection is, whose side is weak, and the figures behind it. */
export function useVideoQuality(call: Call) {
  const { quality, self, others } = useReadable(call.state);
  const figures = useReadable(call.monitor.figures);
  return useMemo(() => {
    const mine = self ? quality.get(self.id) : undefined;
    const verdicts = new Map<string, Verdict>();
    for (const id of others.keys()) verdicts.set(id, theirVerdict(quality.get(id), mine));
    return {
      own: ownVerdict(mine, figures),
      of: (participant: string): Verdict => verdicts.get(participant) ?? unknownVerdict,
      figures,
    };
  }, [quality, self, others, figures]);
}

export type VideoQuality = ReturnType<typeof useVideoQuality>;
