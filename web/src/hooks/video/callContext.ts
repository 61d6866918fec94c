import { createContext, useContext } from 'react';
import { type Call } from '@/lib/rtc/call';

/** The call a component is part of; null in a preview, where nothing is sent. */
export const CallContext = createContext<Call | null>(null);

export function useCall(): Call {
  const call = useContext(CallContext);
  if (!call) throw new Error('useCall outside a call');
  return call;
}
