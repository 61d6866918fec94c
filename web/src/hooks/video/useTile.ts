import { useContext, useEffect, useRef, type RefObject } from 'react';
import { type Source } from '@/lib/realtime/types';
import { type Tile } from '@/lib/rtc/views';
import { CallContext } from './callContext';

/**
 * Tells the server how large a tile is and whether anybody can see it, for as
 * long as it exists. Outside a call it does nothing.
 */
export function useTile(element: RefObject<HTMLElement | null>, participant: string, source: Source, priority: number) {
  const call = useContext(CallContext);
  const prior = useRef(priority);
  const retell = useRef<() => void>(undefined);

  useEffect(() => {
    prior.current = priority;
    retell.current?.();
  }, [priority]);

  useEffect(() => {
    const node = element.current;
    if (!call || !node || participant === '') return; // one's own picture comes from here
    const tile: Tile = { participant, source, width: node.clientWidth, height: node.clientHeight, visible: true, priority: prior.current };
    const [update, remove] = call.views.add({ ...tile });
    retell.current = () => update({ ...tile, priority: prior.current });
    const told = retell.current;
    const resize = new ResizeObserver(() => {
      tile.width = node.clientWidth;
      tile.height = node.clientHeight;
      told();
    });
    resize.observe(node);
    const seen = new IntersectionObserver(([entry]) => {
      tile.visible = entry?.isIntersecting ?? true;
      told();
    });
    seen.observe(node);
    return () => {
      resize.disconnect();
      seen.disconnect();
      retell.current = undefined;
      remove();
    };
  }, [call, element, participant, source]);
}
