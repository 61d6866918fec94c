import { type RefObject, useLayoutEffect, useState } from 'react';

/** The size of an element, followed as it changes. */
export function useBox(element: RefObject<HTMLElement | null>) {
  const [box, setBox] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const node = element.current;
    if (!node) return;
    const measure = () =>
      setBox((was) => (was.width === node.clientWidth && was.height === node.clientHeight ? was : { width: node.clientWidth, height: node.clientHeight }));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(node);
    return () => observer.disconnect();
  }, [element]);
  return box;
}
