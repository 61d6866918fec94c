/** The part of the segmentation library that is used; its script defines the constructor on window. */
interface Segmenter {
  setOptions(options: { modelSelection: 0 | 1; selfieMode: boolean }): void;
  onResults(listener: (results: { image: CanvasImageSource; segmentationMask: CanvasImageSource }) => void): void;
  initialize(): Promise<void>;
  send(input: { image: HTMLVideoElement }): Promise<void>;
  close(): Promise<void>;
}

type SegmenterConstructor = new (config: { locateFile: (file: string) => string }) => Segmenter;

declare global {
  interface Window {
    SelfieSegmentation?: SegmenterConstructor;
  }
}

const base = '/blur/';
const width = 640;
const frameMs = 1000 / 24;
/** Below this many frames a second, over `patience`, the call matters more than the background. */
const slowest = 12;
const patience = 4_000;

let script: Promise<SegmenterConstructor> | undefined;

/** Loads the library on first use only; nobody pays for it in an ordinary call. */
function load(): Promise<SegmenterConstructor> {
  script ??= new Promise<SegmenterConstructor>((resolve, reject) => {
    const element = document.createElement('script');
    element.src = `${base}selfie_segmentation.js`;
    element.onload = () => {
      if (window.SelfieSegmentation) resolve(window.SelfieSegmentation);
      else reject(new Error('segmentation library did not load'));
    };
    element.onerror = () => reject(new Error('segmentation library is missing'));
    document.head.append(element);
  }).catch((error: unknown) => {
    script = undefined; // let a later try load it again
    throw error;
  });
  return script;
}

/** Counts frames and says once when they come too slowly for too long. */
export class FrameWatch {
  #since: number | undefined;
  #frames = 0;

  /** @returns true when the last `patience` milliseconds were too slow. */
  frame(now: number): boolean {
    this.#since ??= now;
    this.#frames++;
    const elapsed = now - this.#since;
    if (elapsed < patience) return false;
    const slow = (this.#frames * 1000) / elapsed < slowest;
    this.#since = now;
    this.#frames = 0;
    return slow;
  }
}

/**
 * Blurs what is behind the person: camera → segmentation → canvas → track.
 * Everything happens in this browser; no picture goes anywhere for it.
 */
export class Blur {
  #stop: (() => void) | undefined;

  /** @returns the blurred track; `onSlow` is called once if the machine cannot keep up. */
  async start(raw: MediaStreamTrack, onSlow: () => void): Promise<MediaStreamTrack> {
    this.stop();
    let stopped = false;
    this.#stop = () => {
      stopped = true;
    };
    const SelfieSegmentation = await load();
    const segmenter = new SelfieSegmentation({ locateFile: (file) => `${base}${file}` });
    segmenter.setOptions({ modelSelection: 1, selfieMode: false });
    await segmenter.initialize();

    const video = document.createElement('video');
    video.muted = true;
    video.playsInline = true;
    video.srcObject = new MediaStream([raw]);
    await video.play();
    const scale = Math.min(1, width / (video.videoWidth || width));
    const canvas = document.createElement('canvas');
    canvas.width = Math.round((video.videoWidth || width) * scale);
    canvas.height = Math.round((video.videoHeight || 360) * scale);
    const context = canvas.getContext('2d', { alpha: false });
    const output = canvas.captureStream(24).getVideoTracks()[0];
    if (!context || !output || stopped) {
      void segmenter.close();
      throw new Error('blur cannot start');
    }

    segmenter.onResults(({ image, segmentationMask }) => compose(context, image, segmentationMask));
    const watch = new FrameWatch();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tick = async () => {
      const began = performance.now();
      await segmenter.send({ image: video }).catch(() => undefined);
      if (stopped) return;
      const now = performance.now();
      // A hidden tab is throttled by the browser, which says nothing about the machine.
      if (document.visibilityState === 'visible' && watch.frame(now)) {
        onSlow();
        return;
      }
      timer = setTimeout(() => void tick(), Math.max(0, frameMs - (now - began)));
    };
    this.#stop = () => {
      stopped = true;
      clearTimeout(timer);
      output.stop();
      video.srcObject = null;
      void segmenter.close();
    };
    await tick();
    return output;
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }
}

/** Person sharp, everything else soft. The soft picture is drawn behind what the mask kept. */
function compose(context: CanvasRenderingContext2D, image: CanvasImageSource, mask: CanvasImageSource): void {
  const { width: w, height: h } = context.canvas;
  context.save();
  context.clearRect(0, 0, w, h);
  context.filter = 'blur(2px)'; // feathers the edge of the mask
  context.drawImage(mask, 0, 0, w, h);
  context.filter = 'none';
  context.globalCompositeOperation = 'source-in';
  context.drawImage(image, 0, 0, w, h);
  context.globalCompositeOperation = 'destination-over';
  context.filter = `blur(${Math.round(h / 36)}px)`;
  context.drawImage(image, 0, 0, w, h);
  context.restore();
}
