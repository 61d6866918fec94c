import { useEffect, useMemo, useState } from 'react';
import { useReadable } from '@/hooks/useReadable';
import { type Participant } from '@/lib/realtime/types';
import { type Call } from '@/lib/rtc/call';
import { present, queue } from '@/lib/rtc/room';

/** People in the room and at its door, and what a host may do with them. */
export function useParticipants(call: Call) {
  const state = useReadable(call.state);
  const tracks = useReadable(call.session.remote);
  const others = useMemo(() => present(state), [state]);
  const waiting = useMemo(() => queue(state), [state]);
  const speaking = useMemo(() => new Set(state.speakers.map((s) => s.participant)), [state.speakers]);
  return {
    self: state.self,
    others,
    waiting,
    speaking,
    tracks,
    isHost: state.room?.myRole === 'host',
    admit: call.admit,
    deny: call.deny,
    kick: call.kick,
    mute: call.mute,
  };
}

/**
 * Who has the stage: the loudest other person, kept while nobody else speaks,
 * so that a pause for breath moves no faces.
 */
export function useDominant(call: Call, others: readonly Participant[]): string | undefined {
  const { speakers, self } = useReadable(call.state);
  const loudest = speakers.find((s) => s.participant !== self?.id)?.participant;
  const [kept, setKept] = useState<string | undefined>(undefined);
  useEffect(() => {
    if (loudest === undefined || loudest === kept) return;
    const timer = setTimeout(() => setKept(loudest), kept === undefined ? 0 : 600);
    return () => clearTimeout(timer);
  }, [loudest, kept]);
  return others.some((p) => p.id === kept) ? kept : others[0]?.id;
}
