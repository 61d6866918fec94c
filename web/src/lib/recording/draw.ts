import { peaks, speechLevel, type Levels } from './levels';
import { type Span } from './model';

export interface LaneDrawing {
  levels: readonly Levels[];
  colour: string;
  /** When the person had any track at all. */
  there: readonly Span[];
  gaps: readonly Span[];
  /** Moments of a poor connection. */
  dips: readonly Span[];
}

export interface TimelineDrawing {
  width: number;
  height: number;
  ratio: number;
  view: Span;
  lanes: readonly LaneDrawing[];
  ruler: number;
  laneHeight: number;
  colours: { text: string; line: string; ground: string; missing: string; dip: string };
  font: string;
  label: (ms: number) => string;
  /** The marked part while a range is chosen or shared. */
  stopped: readonly Span[];
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600].map((s) => s * 1000);

/** The distance of the ruler's labels: the smallest round one that leaves them room. */
export function rulerStep(view: Span, width: number, room = 72): number {
  const perPixel = (view.toMs - view.fromMs) / Math.max(1, width);
  return steps.find((s) => s >= perPixel * room) ?? 3_600_000;
}

/** Draws ruler and lanes; the caller sized the canvas to width × ratio. */
export function drawTimeline(pen: CanvasRenderingContext2D, d: TimelineDrawing): void {
  const { width, height, view, ratio, colours, ruler, laneHeight } = d;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  const x = (ms: number) => ((ms - view.fromMs) / (view.toMs - view.fromMs)) * width;

  const step = rulerStep(view, width);
  pen.font = d.font;
  pen.textBaseline = 'middle';
  for (let ms = Math.ceil(view.fromMs / step) * step; ms <= view.toMs; ms += step) {
    const at = Math.round(x(ms)) + 0.5;
    pen.fillStyle = colours.line;
    pen.fillRect(at - 0.5, ruler - 5, 1, height - ruler + 5);
    const words = d.label(ms);
    const wide = pen.measureText(words).width;
    if (at + 4 + wide > width) continue;
    pen.fillStyle = colours.text;
    pen.fillText(words, at + 4, ruler / 2);
  }

  d.lanes.forEach((lane, n) => {
    const top = ruler + n * laneHeight;
    const floor = top + laneHeight - 3;
    const tall = laneHeight - 6;
    for (const span of lane.there) {
      const from = Math.max(0, x(span.fromMs));
      const to = Math.min(width, x(span.toMs));
      if (to <= from) continue;
      pen.fillStyle = colours.ground;
      pen.beginPath();
      pen.roundRect(from, top + 2, to - from, laneHeight - 4, 4);
      pen.fill();
    }
    const count = Math.floor(width / 3);
    for (const levels of lane.levels) {
      const tops = peaks(levels, view, count);
      pen.fillStyle = lane.colour;
      for (let i = 0; i < count; i++) {
        const level = tops[i] as number;
        if (level < 40) continue;
        pen.globalAlpha = level >= speechLevel ? 1 : 0.35;
        const high = Math.max(1.5, ((level - 40) / 87) * tall);
        pen.fillRect(i * 3, floor - high, 2, high);
      }
      pen.globalAlpha = 1;
    }
    for (const gap of lane.gaps) hatch(pen, x(gap.fromMs), x(gap.toMs), top + 2, laneHeight - 4, width, colours);
    pen.fillStyle = colours.dip;
    for (const dip of lane.dips) {
      const from = Math.max(0, x(dip.fromMs));
      const to = Math.min(width, Math.max(x(dip.toMs), from + 3));
      if (to > from) pen.fillRect(from, top + laneHeight - 3, to - from, 3);
    }
  });
  for (const span of d.stopped) hatch(pen, x(span.fromMs), x(span.toMs), ruler, height - ruler, width, colours);
}

/** Slanted lines: nothing here, whatever the theme's colours do to a viewer. */
function hatch(pen: CanvasRenderingContext2D, fromX: number, toX: number, top: number, high: number, width: number, colours: TimelineDrawing['colours']) {
  const from = Math.max(0, fromX);
  const to = Math.min(width, Math.max(toX, fromX + 2));
  if (to <= from) return;
  pen.save();
  pen.beginPath();
  pen.rect(from, top, to - from, high);
  pen.clip();
  pen.fillStyle = colours.ground;
  pen.fillRect(from, top, to - from, high);
  pen.strokeStyle = colours.missing;
  pen.lineWidth = 1.25;
  pen.beginPath();
  for (let at = from - high; at < to; at += 6) {
    pen.moveTo(at, top + high);
    pen.lineTo(at + high, top);
  }
  pen.stroke();
  pen.restore();
}
