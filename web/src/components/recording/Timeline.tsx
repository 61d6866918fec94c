import { ActionIcon, useComputedColorScheme } from '@mantine/core';
import { IconArrowsHorizontal, IconBookmarkFilled, IconMessageFilled, IconShieldCheckFilled, IconStack2Filled, IconVolume, IconVolumeOff, IconZoomIn, IconZoomOut } from '@tabler/icons-react';
import { type KeyboardEvent, type PointerEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useThumbnail } from '@/hooks/recording/useThumbnail';
import { usePlayerState, usePosition, useReview } from '@/hooks/recording/reviewContext';
import { useBox } from '@/hooks/useBox';
import { useClock } from '@/hooks/usePrefs';
import { drawTimeline } from '@/lib/recording/draw';
import { speakerAt, speechOf } from '@/lib/recording/levels';
import { type Mark, type Note, type Span } from '@/lib/recording/model';
import { clusters, dipsOf, gapsOf, pan, stoppedOf, thereOf, zoom } from '@/lib/recording/overview';
import { total } from '@/lib/recording/spans';
import { spokenTime, timecode } from '@/lib/recording/timecode';

import classes from './Timeline.module.css';

interface TimelineProps {
  marks: readonly Mark[];
  notes: readonly Note[];
}

interface TimelinePin {
  id: string;
  atMs: number;
  kind: 'mark' | 'note' | 'consent';
  label: string;
}

const icons = { mark: IconBookmarkFilled, note: IconMessageFilled, consent: IconShieldCheckFilled, many: IconStack2Filled };
const ruler = 22;
const pinRoom = 28; // pixels

/** Lanes of who spoke when, with everything that has a time, and the place one is at. */
export function Timeline({ marks, notes }: TimelineProps) {
  const { t } = useTranslation('review');
  const { player, timeline, levels, range, nameOf, toneOf } = useReview();
  const state = usePlayerState();
  const people = useMemo(() => timeline.people.filter((p) => thereOf(timeline, p.id).length > 0), [timeline]);
  const [view, setView] = useState<Span>(range);
  const area = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const head = useRef<HTMLDivElement>(null);
  const { width, height } = useBox(area);
  const scheme = useComputedColorScheme('light');
  const summary = useId();
  const clock = useClock();
  const laneHeight = people.length > 0 ? Math.max(14, (height - ruler) / people.length) : 0;

  const lanes = useMemo(
    () =>
      people.map((p) => ({
        person: p.id,
        tone: toneOf(p.id),
        levels: levels.filter((l) => l.person === p.id),
        there: thereOf(timeline, p.id),
        gaps: gapsOf(timeline, p.id),
        dips: dipsOf(timeline, p.id),
      })),
    [people, timeline, levels, toneOf],
  );
  const stopped = useMemo(() => stoppedOf(timeline), [timeline]);

  useEffect(() => {
    const node = canvas.current;
    const pen = node?.getContext('2d');
    if (!node || !pen || width === 0 || height === 0) return;
    const ratio = window.devicePixelRatio || 1;
    node.width = Math.round(width * ratio);
    node.height = Math.round(height * ratio);
    const style = getComputedStyle(node);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    drawTimeline(pen, {
      width,
      height,
      ratio,
      view,
      ruler,
      laneHeight,
      lanes: lanes.map((l) => ({ ...l, colour: colour(`--tone-${l.tone}`) })),
      colours: { text: colour('--m-text-soft'), line: colour('--m-line'), ground: colour('--m-surface-soft'), missing: colour('--m-line-strong'), dip: colour('--tone-1') },
      font: `12px ${style.fontFamily}`,
      label: (ms) => timecode(ms),
      stopped,
    });
  }, [width, height, view, lanes, laneHeight, stopped, scheme]);

  // The place moves outside React: forty times a second is too often for a tree.
  useEffect(() => {
    const place = () => {
      const at = player.position.get();
      if (head.current) head.current.style.transform = `translateX(${((at - view.fromMs) / (view.toMs - view.fromMs)) * width}px)`;
      if (head.current) head.current.hidden = at < view.fromMs || at > view.toMs;
      if (player.state.get().status === 'playing' && at > view.toMs) setView((v) => pan(v, (v.toMs - v.fromMs) * 0.9, range));
    };
    place();
    return player.position.subscribe(place);
  }, [player, view, width, range]);

  const { over, enter, leave } = useHover();
  const thumb = useThumbnail(player, over?.atMs);

  const momentAt = (clientX: number) => {
    const box = area.current?.getBoundingClientRect();
    if (!box || box.width === 0) return view.fromMs;
    return view.fromMs + (Math.min(Math.max(0, clientX - box.left), box.width) / box.width) * (view.toMs - view.fromMs);
  };
  const about = (by: number) => {
    const at = player.position.get();
    setView((v) => zoom(v, by, at >= v.fromMs && at <= v.toMs ? at : (v.fromMs + v.toMs) / 2, range));
  };

  // React listens to wheels passively; zooming must keep the page where it is.
  const wheel = useRef<(e: WheelEvent) => void>(undefined);
  useEffect(() => {
    wheel.current = (e) => {
      const across = Math.abs(e.deltaX) > Math.abs(e.deltaY) ? e.deltaX : e.shiftKey ? e.deltaY : 0;
      if (!e.ctrlKey && across === 0) return;
      e.preventDefault();
      setView((v) => (e.ctrlKey ? zoom(v, e.deltaY < 0 ? 1.25 : 0.8, momentAt(e.clientX), range) : pan(v, (across / Math.max(1, width)) * (v.toMs - v.fromMs), range)));
    };
  });
  useEffect(() => {
    const node = area.current;
    const listen = (e: WheelEvent) => wheel.current?.(e);
    node?.addEventListener('wheel', listen, { passive: false });
    return () => node?.removeEventListener('wheel', listen);
  }, []);

  const scrub = (e: PointerEvent<HTMLElement>) => {
    const atMs = momentAt(e.clientX);
    enter({ atMs, x: (e.clientX - (area.current?.getBoundingClientRect().left ?? 0)) });
    if (e.currentTarget.hasPointerCapture(e.pointerId)) player.seek(atMs);
  };

  const pins = usePins(marks, notes);
  const zoomed = view.toMs - view.fromMs < range.toMs - range.fromMs - 1;

  return (
    <section className={classes.timeline} aria-label={t('timeline.label')}>
      <div className={classes.names} style={{ paddingTop: `calc(${ruler}px + 1.75rem)` }}>
        {people.map((p) => {
          const off = state.silenced.includes(p.id);
          return (
            <div key={p.id} className={classes.person} style={{ height: laneHeight, ['--tone' as string]: `var(--tone-${toneOf(p.id)})` }}>
              <span className={classes.personName} title={p.name}>
                {p.name}
              </span>
              <ActionIcon
                size={24}
                className={classes.hear ?? ''}
                aria-pressed={!off}
                aria-label={t('timeline.hear', { name: p.name })}
                title={t('timeline.hear', { name: p.name })}
                onClick={() => player.silence(p.id, !off)}
              >
                {off ? <IconVolumeOff size={15} /> : <IconVolume size={15} />}
              </ActionIcon>
            </div>
          );
        })}
      </div>
      <div className={classes.body}>
        <div className={classes.pins}>
          {clusters(
            pins.filter((p) => p.atMs >= view.fromMs && p.atMs <= view.toMs),
            width === 0 ? 0 : (pinRoom / width) * (view.toMs - view.fromMs),
          ).map((group) => (
            <Pin key={group.map((p) => p.id).join()} group={group} left={(((group[0]?.atMs ?? 0) - view.fromMs) / (view.toMs - view.fromMs)) * 100} />
          ))}
        </div>
        <div ref={area} className={classes.area} style={{ ['--lanes' as string]: people.length }}>
          <canvas ref={canvas} className={classes.canvas} aria-hidden="true" />
          <PositionSlider
            view={view}
            describedBy={summary}
            onPointerDown={(e) => {
              e.currentTarget.setPointerCapture(e.pointerId);
              player.seek(momentAt(e.clientX));
            }}
            onPointerMove={scrub}
            onPointerLeave={leave}
          />
          <div ref={head} className={classes.head} aria-hidden="true" />
          {over ? (
            <div className={classes.hover} style={{ left: `clamp(4.5rem, ${over.x}px, calc(100% - 4.5rem))` }} aria-hidden="true">
              {thumb ? <img src={thumb} alt="" width={144} height={81} /> : null}
              <span>{timecode(over.atMs)}</span>
            </div>
          ) : null}
        </div>
      </div>
      <div className={classes.zoom}>
        <ActionIcon size={32} aria-label={t('timeline.zoomIn')} title={t('timeline.zoomIn')} onClick={() => about(2)}>
          <IconZoomIn size={18} />
        </ActionIcon>
        <ActionIcon size={32} aria-label={t('timeline.zoomOut')} title={t('timeline.zoomOut')} disabled={!zoomed} onClick={() => about(0.5)}>
          <IconZoomOut size={18} />
        </ActionIcon>
        <ActionIcon size={32} aria-label={t('timeline.fit')} title={t('timeline.fit')} disabled={!zoomed} onClick={() => setView(range)}>
          <IconArrowsHorizontal size={18} />
        </ActionIcon>
      </div>
      <p className={classes.legend} aria-hidden="true">
        {lanes.some((l) => l.gaps.length > 0) || stopped.length > 0 ? <span data-kind="gap">{t('timeline.legendGap')}</span> : null}
        {lanes.some((l) => l.dips.length > 0) ? <span data-kind="dip">{t('timeline.legendDip')}</span> : null}
      </p>
      <ul id={summary} className={classes.hidden} aria-label={t('timeline.canvas')}>
        {lanes.map((l) => (
          <li key={l.person}>
            {t('timeline.summary', { name: nameOf(l.person), talk: spokenTime(clock.locale, total(speechOf(l.levels))) })}
          </li>
        ))}
      </ul>
    </section>
  );
}

function usePins(marks: readonly Mark[], notes: readonly Note[]): TimelinePin[] {
  const { t } = useTranslation('review');
  const { timeline, nameOf, range } = useReview();
  return useMemo(() => {
    const time = (ms: number) => timecode(ms);
    const consents = timeline.consents.filter((c) => c.atMs > range.fromMs && c.state !== 'wait');
    return [
      ...marks.map((m) => ({ id: m.id, atMs: m.atMs, kind: 'mark' as const, label: t('timeline.markPin', { label: m.label || t('timeline.unnamed'), time: time(m.atMs) }) })),
      ...notes
        .filter((n) => !n.parentId && !n.resolvedAt)
        .map((n) => ({ id: n.id, atMs: n.atMs, kind: 'note' as const, label: t('timeline.notePin', { label: n.text.slice(0, 80), time: time(n.atMs) }) })),
      ...consents.map((c, i) => ({
        id: `consent-${i}`,
        atMs: c.atMs,
        kind: 'consent' as const,
        label: t('timeline.consentPin', { name: nameOf(c.person), state: t(`consent.${c.state as 'agreed'}`, { defaultValue: c.state }), time: time(c.atMs) }),
      })),
    ];
  }, [marks, notes, timeline, range, nameOf, t]);
}

function Pin({ group, left }: { group: TimelinePin[]; left: number }) {
  const { t } = useTranslation('review');
  const { player } = useReview();
  const first = group[0];
  if (!first) return null;
  const kind = group.every((p) => p.kind === first.kind) ? first.kind : 'many';
  const Icon = icons[kind];
  const label = group.length === 1 ? first.label : `${t('timeline.cluster', { count: group.length, time: timecode(first.atMs) })}: ${group.map((p) => p.label).join('; ')}`;
  return (
    <button type="button" className={classes.pin} data-kind={kind} style={{ left: `${left}%` }} aria-label={label} title={label.replaceAll('; ', '\n')} onClick={() => player.seek(first.atMs)}>
      <Icon size={16} aria-hidden="true" />
      {group.length > 1 ? <span className={classes.count}>{group.length}</span> : null}
    </button>
  );
}

interface PositionSliderProps {
  view: Span;
  describedBy: string;
  onPointerDown: (e: PointerEvent<HTMLDivElement>) => void;
  onPointerMove: (e: PointerEvent<HTMLDivElement>) => void;
  onPointerLeave: () => void;
}

function PositionSlider({ view, describedBy, ...pointer }: PositionSliderProps) {
  const { t } = useTranslation('review');
  const { player, range, levels, nameOf } = useReview();
  const clock = useClock();
  const at = usePosition(1000);
  const page = (view.toMs - view.fromMs) / 10;
  const keys: Record<string, () => void> = {
    ArrowLeft: () => player.skip(-5000),
    ArrowDown: () => player.skip(-5000),
    ArrowRight: () => player.skip(5000),
    ArrowUp: () => player.skip(5000),
    PageDown: () => player.skip(-page),
    PageUp: () => player.skip(page),
    Home: () => player.seek(range.fromMs),
    End: () => player.seek(range.toMs),
  };
  const loudest = speakerAt(levels, at);
  const speaker = loudest === undefined ? undefined : nameOf(loudest);
  return (
    <div
      role="slider"
      tabIndex={0}
      className={classes.slider}
      aria-label={t('timeline.position')}
      aria-describedby={describedBy}
      aria-valuemin={Math.round(range.fromMs / 1000)}
      aria-valuemax={Math.round(range.toMs / 1000)}
      aria-valuenow={Math.round(at / 1000)}
      aria-valuetext={speaker ? `${spokenTime(clock.locale, at)}, ${speaker} ${t('stage.speaking')}` : spokenTime(clock.locale, at)}
      onKeyDown={(e: KeyboardEvent) => {
        const act = e.ctrlKey || e.metaKey || e.altKey || e.shiftKey ? undefined : keys[e.key];
        if (!act) return;
        e.preventDefault();
        act();
      }}
      {...pointer}
    />
  );
}

function useHover() {
  const [over, setOver] = useState<{ atMs: number; x: number }>();
  return { over, enter: setOver, leave: () => setOver(undefined) };
}
