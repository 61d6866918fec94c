const join = 'mentara:join-click';
const first = 'mentara:first-remote-frame';

/** Joining is measured from the click to the first picture of somebody else. */
export function markJoin(): void {
  performance.clearMarks(join);
  performance.clearMarks(first);
  performance.mark(join);
}

/** Marks the first remote frame after a join; later ones are ignored. */
export function markFrame(): void {
  if (performance.getEntriesByName(first).length > 0 || performance.getEntriesByName(join).length === 0) return;
  performance.mark(first);
  performance.measure('mentara:join', join, first);
}
