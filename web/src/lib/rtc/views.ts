import { type Source, type View } from '../realtime/types';

/** Sizes are told in steps, so that a pixel of resizing is not news. */
const step = 32;
const roundUp = (value: number) => Math.ceil(value / step) * step;

export interface Tile {
  participant: string;
  source: Source;
  /** CSS pixels. */
  width: number;
  height: number;
  /** On screen and not scrolled away. */
  visible: boolean;
  /** Higher is served first: screen over speaker over the rest. */
  priority: number;
}

export interface Page {
  visible: boolean;
  ratio: number;
  /** The person wants no cameras, only voices and shared screens. */
  audioOnly?: boolean;
}

/** What the server should know about the tiles; one tile per source wins, the largest. */
export function viewsOf(tiles: Iterable<Tile>, page: Page): View[] {
  const best = new Map<string, View>();
  for (const { participant, source, width, height, visible, priority } of tiles) {
    const view: View = {
      participant,
      source,
      width: roundUp(width * page.ratio),
      height: roundUp(height * page.ratio),
      visible: visible && page.visible && width > 0 && height > 0 && !(page.audioOnly === true && source === 'camera'),
      priority,
    };
    const key = `${participant}/${source}`;
    const other = best.get(key);
    if (!other || area(view) > area(other)) best.set(key, view);
  }
  return [...best.values()].sort((a, b) => (a.participant + a.source < b.participant + b.source ? -1 : 1));
}

function area(view: View): number {
  return view.visible ? view.width * view.height + 1 : 0;
}

export interface ViewsOptions {
  send: (views: View[]) => void;
  page?: () => Omit<Page, 'audioOnly'>;
  /** Milliseconds a layout may settle before it is told. */
  settle?: number;
}

/**
 * Gathers what every tile shows and tells the server, soon but not for each
 * step of an animation, and only when it is news.
 */
export class Views {
  readonly #options: ViewsOptions;
  readonly #tiles = new Map<symbol, Tile>();
  #told = '';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #audioOnly = false;
  #floating = false;

  constructor(options: ViewsOptions) {
    this.#options = options;
  }

  /** Adds a tile; update it with the first function, end it with the second. */
  add(tile: Tile): [update: (tile: Tile) => void, remove: () => void] {
    const key = Symbol(tile.participant);
    this.#tiles.set(key, tile);
    this.changed();
    return [
      (next) => {
        this.#tiles.set(key, next);
        this.changed();
      },
      () => {
        this.#tiles.delete(key);
        this.changed();
      },
    ];
  }

  /** Something about tiles or page changed: tell it once it settled. */
  changed = (): void => {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#tell();
    }, this.#options.settle ?? 120);
  };

  setAudioOnly(on: boolean): void {
    this.#audioOnly = on;
    this.changed();
  }

  /** The tiles float above other windows, so they are seen although the tab is not. */
  setFloating(on: boolean): void {
    this.#floating = on;
    this.changed();
  }

  /** Tells again even if nothing changed: the server forgot (a new seat, a new connection). */
  repeat(): void {
    this.#told = '';
    this.changed();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#tiles.clear();
  }

  #tell(): void {
    const { visible, ratio } = this.#options.page?.() ?? { visible: document.visibilityState === 'visible', ratio: window.devicePixelRatio || 1 };
    const views = viewsOf(this.#tiles.values(), { visible: visible || this.#floating, ratio, audioOnly: this.#audioOnly });
    const text = JSON.stringify(views);
    if (text === this.#told) return;
    this.#told = text;
    this.#options.send(views);
  }
}
