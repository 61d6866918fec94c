/** Where tiles go. Pure geometry, in CSS pixels, so that every shape of window is a test. */
export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Size {
  width: number;
  height: number;
}

export type LayoutMode = 'grid' | 'speaker';

/** A face may be shown between these shapes (width / height); what is cut off is never more than a third. */
const widest = 16 / 9;
const narrowest = 3 / 4;

/** The best even grid of n tiles: the one with the largest tiles. */
export function gridOf(n: number, box: Size, gap: number, least = narrowest): { columns: number; rows: number; tile: Size } {
  let best = { columns: 1, rows: Math.max(1, n), tile: { width: 0, height: 0 } };
  for (let columns = 1; columns <= n; columns++) {
    const rows = Math.ceil(n / columns);
    const cell = { width: (box.width - gap * (columns - 1)) / columns, height: (box.height - gap * (rows - 1)) / rows };
    const tile = fit(cell, least);
    if (tile.width * tile.height > best.tile.width * best.tile.height) best = { columns, rows, tile };
  }
  return best;
}

/** The largest face-shaped tile within a cell. */
function fit(cell: Size, least: number): Size {
  const width = Math.max(0, cell.width);
  const height = Math.max(0, cell.height);
  if (height === 0) return { width: 0, height: 0 };
  const aspect = width / height;
  if (aspect > widest) return { width: height * widest, height };
  if (aspect < least) return { width, height: width / least };
  return { width, height };
}

/** Rects of n tiles in an even grid, centred, the last row too. */
export function grid(n: number, box: Size, gap: number, least = narrowest): Rect[] {
  if (n <= 0) return [];
  const { columns, rows, tile } = gridOf(n, box, gap, least);
  const top = (box.height - rows * tile.height - (rows - 1) * gap) / 2;
  return Array.from({ length: n }, (_, i) => {
    const row = Math.floor(i / columns);
    const inRow = row === rows - 1 ? n - row * columns : columns;
    const left = (box.width - inRow * tile.width - (inRow - 1) * gap) / 2;
    return round({
      x: left + (i % columns) * (tile.width + gap),
      y: top + row * (tile.height + gap),
      ...tile,
    });
  });
}

/** A strip of small tiles never takes more than this of the stage. */
const strip = { share: 0.22, least: 96, most: 208, aspect: 4 / 3 };

/**
 * One large tile and a strip of the rest: at the side when there is width to
 * spare, below when not. The first n−1 rects of the strip keep reading order.
 *
 * @param main index of the large one.
 */
export function speaker(n: number, main: number, box: Size, gap: number): Rect[] {
  if (n <= 0) return [];
  if (n === 1) return [round({ x: 0, y: 0, ...box })];
  const beside = box.width / Math.max(1, box.height) > 1.35;
  const thickness = Math.min(strip.most, Math.max(strip.least, (beside ? box.width : box.height) * strip.share));
  const large: Rect = beside
    ? { x: 0, y: 0, width: box.width - thickness - gap, height: box.height }
    : { x: 0, y: 0, width: box.width, height: box.height - thickness - gap };
  const room: Rect = beside
    ? { x: large.width + gap, y: 0, width: thickness, height: box.height }
    : { x: 0, y: large.height + gap, width: box.width, height: thickness };
  const small = grid(n - 1, room, gap, beside ? strip.aspect : narrowest).map((rect) => ({ ...rect, x: rect.x + room.x, y: rect.y + room.y }));
  const rects = [...small];
  rects.splice(Math.min(Math.max(0, main), n - 1), 0, large);
  return rects.map(round);
}

/** Whole pixels: half ones make borders shimmer while tiles move. */
function round({ x, y, width, height }: Rect): Rect {
  return { x: Math.round(x), y: Math.round(y), width: Math.floor(Math.max(0, width)), height: Math.floor(Math.max(0, height)) };
}

export type Corner = 'top-left' | 'top-right' | 'bottom-left' | 'bottom-right';

export const corners: readonly Corner[] = ['top-left', 'top-right', 'bottom-right', 'bottom-left'];

/** The corner nearest to where a floating tile was let go. */
export function nearestCorner(centre: { x: number; y: number }, box: Size): Corner {
  const vertical = centre.y < box.height / 2 ? 'top' : 'bottom';
  const horizontal = centre.x < box.width / 2 ? 'left' : 'right';
  return `${vertical}-${horizontal}`;
}

/** The next corner in the given direction, for arrow keys. */
export function towards(corner: Corner, key: string): Corner {
  const [vertical, horizontal] = corner.split('-') as ['top' | 'bottom', 'left' | 'right'];
  switch (key) {
    case 'ArrowUp':
      return `top-${horizontal}`;
    case 'ArrowDown':
      return `bottom-${horizontal}`;
    case 'ArrowLeft':
      return `${vertical}-left`;
    case 'ArrowRight':
      return `${vertical}-right`;
    default:
      return corner;
  }
}
