import { useLayoutEffect, useState, type RefObject } from 'react';

export interface Box {
  width: number;
  height: number;
}

/** The size of an element, followed as it changes. */
export function useBox(element: RefObject<HTMLElement | null>): Box {
  const [box, setBox] = useState<Box>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const node = element.current;
    if (!node) return;
    const measure = () =>
      setBox((was) => {
        const now = { width: node.clientWidth, height: node.clientHeight };
        return was.width === now.width && was.height === now.height ? was : now;
      });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(node);
    return () => observer.disconnect();
  }, [element]);
  return box;
}
