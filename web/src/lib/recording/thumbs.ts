/** The part of a video element thumbnails need. */
export interface ThumbMedia {
  src: string;
  preload: string;
  muted: boolean;
  currentTime: number;
  readonly readyState: number;
  readonly seeking: boolean;
  addEventListener(type: string, listener: () => void): void;
  removeAttribute(name: string): void;
  load(): void;
}

/** Pictures this far apart are told apart; less is the same picture. */
const gridMs = 2000;
const most = 200;

/**
 * Small pictures of moments, made by one hidden element that seeks. Only the
 * newest wish is worked on, so that a sweep of the pointer costs few seeks.
 */
export class Thumbnails {
  readonly #media: ThumbMedia;
  readonly #draw: (media: ThumbMedia) => string;
  readonly #kept = new Map<string, string>();
  #want: { key: string; url: string; local: number; done: (picture: string | undefined) => void } | undefined;
  #busy = false;

  /** `draw` makes the address of a picture from what the element shows. */
  constructor(media: ThumbMedia, draw: (media: ThumbMedia) => string) {
    this.#media = media;
    this.#draw = draw;
    media.muted = true;
    media.preload = 'metadata';
    const step = () => this.#step();
    media.addEventListener('loadeddata', step);
    media.addEventListener('seeked', step);
    media.addEventListener('error', () => this.#finish(undefined));
  }

  /** The picture of a track at a moment; undefined when a newer wish came first. */
  at(track: { id: string; url: string; startMs: number; durationMs: number }, atMs: number): Promise<string | undefined> {
    const local = Math.floor(Math.min(Math.max(0, atMs - track.startMs), track.durationMs) / gridMs) * gridMs;
    const key = `${track.id}@${local}`;
    const kept = this.#kept.get(key);
    if (kept) return Promise.resolve(kept);
    this.#want?.done(undefined);
    return new Promise((done) => {
      this.#want = { key, url: track.url, local: local / 1000, done };
      if (!this.#busy) this.#begin();
    });
  }

  end(): void {
    this.#want?.done(undefined);
    this.#want = undefined;
    this.#kept.clear();
    this.#media.removeAttribute('src');
    this.#media.load();
  }

  #begin(): void {
    const want = this.#want;
    if (!want) return;
    this.#busy = true;
    if (!this.#media.src.endsWith(want.url)) this.#media.src = want.url;
    else if (Math.abs(this.#media.currentTime - want.local) < 0.001) this.#step();
    else this.#media.currentTime = want.local;
  }

  #step(): void {
    const want = this.#want;
    if (!want) {
      this.#busy = false;
      return;
    }
    if (this.#media.seeking || this.#media.readyState < 2) return;
    if (!this.#media.src.endsWith(want.url) || Math.abs(this.#media.currentTime - want.local) > 0.5) {
      this.#begin();
      return;
    }
    const picture = this.#draw(this.#media);
    if (this.#kept.size >= most) this.#kept.delete(this.#kept.keys().next().value as string);
    this.#kept.set(want.key, picture);
    this.#finish(picture);
  }

  #finish(picture: string | undefined): void {
    this.#busy = false;
    const want = this.#want;
    this.#want = undefined;
    want?.done(picture);
  }
}
