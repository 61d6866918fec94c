import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Views, viewsOf, type Tile } from './views';

const tile = (more: Partial<Tile> = {}): Tile => ({ participant: 'P', source: 'camera', width: 320, height: 180, visible: true, priority: 1, ...more });
const page = { visible: true, ratio: 1 };

describe('viewsOf', () => {
  it('speaks of device pixels, in steps', () => {
    expect(viewsOf([tile({ width: 321, height: 100 })], { visible: true, ratio: 2 })).toEqual([
      { participant: 'P', source: 'camera', width: 672, height: 224, visible: true, priority: 1 },
    ]);
  });

  it('tells the largest of two tiles of one source', () => {
    const views = viewsOf([tile(), tile({ width: 1280, height: 720 }), tile({ width: 2000, height: 2000, visible: false })], page);
    expect(views).toHaveLength(1);
    expect(views[0]).toMatchObject({ width: 1280, visible: true });
  });

  it.each([
    ['a hidden page', { visible: false, ratio: 1 }, {}, false],
    ['a tile scrolled away', page, { visible: false }, false],
    ['an empty tile', page, { width: 0 }, false],
    ['a camera when only sound is wanted', { ...page, audioOnly: true }, {}, false],
    ['a screen when only sound is wanted', { ...page, audioOnly: true }, { source: 'screen' as const }, true],
  ])('%s', (_, at, more, visible) => {
    expect(viewsOf([tile(more)], at)[0]?.visible).toBe(visible);
  });
});

describe('Views', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const settle = () => vi.advanceTimersByTimeAsync(120);

  function make(at = { ...page }) {
    const send = vi.fn();
    return { send, at, views: new Views({ send, page: () => at }) };
  }

  it('tells many changes once, and nothing twice', async () => {
    const { send, views } = make();
    const [update] = views.add(tile());
    for (let width = 300; width <= 640; width += 10) update(tile({ width }));
    await settle();
    expect(send).toHaveBeenCalledTimes(1);
    update(tile({ width: 639 }));
    await settle();
    expect(send).toHaveBeenCalledTimes(1);
  });

  it('tells when the page is hidden, but not of a stage that floats', async () => {
    const { send, at, views } = make();
    views.add(tile());
    await settle();
    at.visible = false;
    views.changed();
    await settle();
    expect(send.mock.lastCall?.[0][0].visible).toBe(false);
    views.setFloating(true);
    await settle();
    expect(send.mock.lastCall?.[0][0].visible).toBe(true);
  });

  it('says that a tile is gone, and repeats itself to a server that forgot', async () => {
    const { send, views } = make();
    const [, remove] = views.add(tile());
    await settle();
    views.repeat();
    await settle();
    expect(send).toHaveBeenCalledTimes(2);
    remove();
    await settle();
    expect(send.mock.lastCall?.[0]).toEqual([]);
  });
});
