import { describe, expect, it } from 'vitest';
import { somebody } from '@/lib/rtc/testing/fixtures';
import { corners, grid, nearestCorner, speaker, towards, type Rect, type Size } from './layout';
import { stageOf, type StageInput } from './tiles';
import { clockOf, minutesLeft } from './timer';

const boxes: [string, Size][] = [
  ['a desk', { width: 1200, height: 700 }],
  ['a phone', { width: 374, height: 640 }],
  ['a phone on its side', { width: 700, height: 300 }],
  ['a thin strip', { width: 1200, height: 90 }],
  ['nothing yet', { width: 0, height: 0 }],
];

const inside = (r: Rect, box: Size) => r.x >= -1 && r.y >= -1 && r.x + r.width <= box.width + 1 && r.y + r.height <= box.height + 1;
const apart = (a: Rect, b: Rect) => a.x + a.width <= b.x + 1 || b.x + b.width <= a.x + 1 || a.y + a.height <= b.y + 1 || b.y + b.height <= a.y + 1;
const empty = (r: Rect) => r.width === 0 || r.height === 0;

describe.each(boxes)('on %s', (_, box) => {
  it.each([1, 2, 3, 4, 5, 7, 9, 12])('%i tiles stay inside and apart, in both layouts', (n) => {
    for (const rects of [grid(n, box, 8), speaker(n, n - 1, box, 8)]) {
      expect(rects).toHaveLength(n);
      rects.forEach((a, i) => {
        expect(inside(a, box) || empty(a)).toBe(true);
        rects.slice(i + 1).forEach((b) => expect(apart(a, b) || empty(a) || empty(b)).toBe(true));
      });
    }
  });
});

describe('grid', () => {
  it.each([
    [2, { width: 1200, height: 600 }, 1],
    [2, { width: 374, height: 640 }, 2],
    [4, { width: 1200, height: 700 }, 2],
    [9, { width: 1200, height: 700 }, 3],
  ])('%i tiles in %o stand in %i rows', (n, box, rows) => {
    expect(new Set(grid(n, box, 8).map((r) => r.y)).size).toBe(rows);
  });

  it('keeps faces between portrait and cinema', () => {
    for (const [, box] of boxes.slice(0, 3)) {
      for (let n = 1; n <= 12; n++) {
        for (const { width, height } of grid(n, box, 8)) {
          expect(width / height).toBeLessThan(16 / 9 + 0.05);
          expect(width / height).toBeGreaterThan(3 / 4 - 0.05);
        }
      }
    }
  });

  it('centres a last row that is not full', () => {
    const [, , third] = grid(3, { width: 800, height: 600 }, 0);
    expect(third && Math.abs(third.x + third.width / 2 - 400)).toBeLessThanOrEqual(1);
  });

  it('of nobody is empty', () => expect(grid(0, { width: 100, height: 100 }, 8)).toEqual([]));
});

describe('speaker', () => {
  it('gives the large place to the chosen one and keeps the order of the rest', () => {
    const rects = speaker(4, 2, { width: 1200, height: 700 }, 8);
    const large = rects[2] as Rect;
    expect(rects.every((r) => r === large || r.width * r.height < large.width * large.height)).toBe(true);
    expect((rects[0] as Rect).y).toBeLessThan((rects[1] as Rect).y);
  });

  it('puts the strip below on a phone', () => {
    const [large, small] = speaker(2, 0, { width: 374, height: 640 }, 8) as [Rect, Rect];
    expect(small.y).toBeGreaterThanOrEqual(large.y + large.height);
  });
});

describe('corners', () => {
  it('catch what is let go near them', () => {
    expect(nearestCorner({ x: 10, y: 10 }, { width: 100, height: 100 })).toBe('top-left');
    expect(nearestCorner({ x: 90, y: 60 }, { width: 100, height: 100 })).toBe('bottom-right');
  });

  it('are reached by arrows, from each to each', () => {
    for (const corner of corners) {
      expect(towards(towards(corner, 'ArrowUp'), 'ArrowLeft')).toBe('top-left');
      expect(towards(towards(corner, 'ArrowDown'), 'ArrowRight')).toBe('bottom-right');
      expect(towards(corner, 'x')).toBe(corner);
    }
  });
});

describe('the stage', () => {
  const [me, a, b] = [somebody('me'), somebody('A'), somebody('B')];
  const input = (more: Partial<StageInput> = {}): StageInput => ({ self: me, others: [a, b], showSelf: true, pinned: undefined, dominant: undefined, mode: 'grid', ...more });
  const keys = (more: Partial<StageInput> = {}) => stageOf(input(more)).tiles.map((t) => t.key);

  it('of one is a mirror', () => {
    expect(stageOf(input({ others: [] }))).toMatchObject({ mode: 'grid', tiles: [{ self: true }], floating: undefined });
    expect(stageOf(input({ others: [], showSelf: false })).tiles).toEqual([]);
  });

  it('of two belongs to the other, with oneself in a corner', () => {
    expect(stageOf(input({ others: [a] }))).toMatchObject({ mode: 'speaker', main: 'A/camera', floating: { key: 'me/camera' } });
    expect(stageOf(input({ others: [a], showSelf: false })).floating).toBeUndefined();
    const shared = stageOf(input({ others: [{ ...a, screen: true }] }));
    expect(shared).toMatchObject({ main: 'A/screen', floating: undefined });
    expect(shared.tiles.map((t) => t.key)).toEqual(['A/screen', 'A/camera', 'me/camera']);
  });

  it('of more shows everybody the same, oneself last', () => {
    expect(keys()).toEqual(['A/camera', 'B/camera', 'me/camera']);
    expect(stageOf(input()).mode).toBe('grid');
  });

  it('follows who speaks only if that was asked for', () => {
    expect(stageOf(input({ dominant: 'B' })).main).toBeUndefined();
    expect(stageOf(input({ dominant: 'B', mode: 'speaker' })).main).toBe('B/camera');
  });

  it('gives a shared screen the front, and a pin before that', () => {
    const others = [a, { ...b, screen: true }];
    expect(stageOf(input({ others })).main).toBe('B/screen');
    expect(keys({ others })).toEqual(['A/camera', 'B/screen', 'B/camera', 'me/camera']);
    expect(stageOf(input({ others, pinned: 'A/camera' })).main).toBe('A/camera');
    expect(stageOf(input({ pinned: 'gone/camera' })).main).toBeUndefined();
  });
});

describe('the clock', () => {
  const at = (s: number) => new Date(s * 1000);
  it.each([[-5, '0:00'], [7, '0:07'], [187, '3:07'], [3787, '1:03:07']])('%i s is %s', (s, text) => expect(clockOf(at(0), at(s))).toBe(text));
  it.each([[301, 6], [300, 5], [1, 1], [0, 0], [-60, 0]])('%i s left are %i minutes', (s, m) => expect(minutesLeft(at(s), at(0))).toBe(m));
});
