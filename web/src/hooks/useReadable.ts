import { useSyncExternalStore } from 'react';
import { type Readable } from '@/lib/store';

/** The bridge from a React-free store to a component. */
export function useReadable<T>(readable: Readable<T>): T {
  return useSyncExternalStore(readable.subscribe, readable.get, readable.get);
}
