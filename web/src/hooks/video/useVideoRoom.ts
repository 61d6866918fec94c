import { useEffect, useMemo, useState } from 'react';
import { useReadable } from '@/hooks/useReadable';
import { useSocket } from '@/hooks/useSocket';
import { Call } from '@/lib/rtc/call';
import { type LocalMedia } from '@/lib/rtc/local';

/**
 * One visit to a room: made with the page, ended with it. Returns the call
 * and where it stands; what it is made of is read by the other hooks.
 */
export function useVideoRoom(room: string, local?: LocalMedia) {
  const socket = useSocket();
  const call = useMemo(() => new Call({ socket, room, ...(local ? { local } : {}) }), [socket, room, local]);
  useEffect(() => {
    call.start();
    return () => call.stop();
  }, [call]);
  const state = useReadable(call.state);
  const media = useReadable(call.session.state);
  const connection = useReadable(socket.status);
  return { call, ...state, media, connection };
}

/**
 * Whether to say that the connection is being mended. Short hiccups pass
 * unsaid: a message that flashes worries more than a frozen second.
 */
export function useInterrupted(call: Call, socketOpen: boolean, after = 700): boolean {
  const { phase } = useReadable(call.session.state);
  const broken = phase === 'interrupted' || !socketOpen;
  const [long, setLong] = useState(false);
  useEffect(() => {
    if (!broken) return;
    const timer = setTimeout(() => setLong(true), after);
    return () => {
      clearTimeout(timer);
      setLong(false);
    };
  }, [broken, after]);
  return broken && long;
}
