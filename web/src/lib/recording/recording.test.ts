import { describe, expect, it, vi } from 'vitest';
import { changeLine, inForm, sectionsOf } from './clinical';
import { AutoDraft, type Saved } from './draft';
import { byMinute } from './figures';
import { actionOf } from './keys';
import { bytesOf, decodeLevels, peaks, silences, speakerAt, speechOf } from './levels';
import { type Span } from './model';
import { clusters, pan, stoppedOf, zoom } from './overview';
import { rulerStep } from './draw';
import { complement, merge, spanAt, total } from './spans';
import { type ThumbMedia, Thumbnails } from './thumbs';
import { parseTimecode, secondsParam, spokenTime, timecode } from './timecode';
import { type Reported, WatchReporter } from './watched';

const span = (fromMs: number, toMs: number): Span => ({ fromMs, toMs });

describe('spans', () => {
  it('merge, add up and leave the rest', () => {
    expect(merge([span(5, 9), span(0, 3), span(2, 4), span(8, 8), span(12, 10)])).toEqual([span(0, 4), span(5, 9)]);
    expect(merge([span(0, 4), span(5, 9)], 1)).toEqual([span(0, 9)]);
    expect(total([span(0, 4), span(2, 6)])).toBe(6);
    expect(complement([span(2, 4), span(8, 20)], span(0, 10))).toEqual([span(0, 2), span(4, 8)]);
    expect(spanAt([span(0, 2), span(4, 6)], 4)).toEqual(span(4, 6));
    expect(spanAt([span(0, 2), span(4, 6)], 2)).toBeUndefined();
  });
});

describe('times', () => {
  it.each([[0, '0:00'], [247_900, '4:07'], [3_847_000, '1:04:07'], [-5, '0:00']])('%i is %s', (ms, text) => expect(timecode(ms)).toBe(text));
  it.each([['4:07', 247_000], ['1:04:07', 3_847_000], ['247', 247_000], ['4:60', null], ['x', null], ['', null], ['1:2:3:4', null]])('"%s" is %s', (text, ms) => expect(parseTimecode(text)).toBe(ms));
  it.each([['90', 90_000], ['1.5', 1500], ['-3', null], ['1e9', null], [null, null]])('?t=%s is %s', (text, ms) => expect(secondsParam(text)).toBe(ms));
  it('are spoken in words', () => {
    expect(spokenTime('en', 125_000)).toBe('2 minutes 5 seconds');
    expect(spokenTime('en', 0)).toBe('0 seconds');
  });
});

describe('levels', () => {
  const levels = (person: string, ...data: number[]) => ({ person, stepMs: 100, startMs: 0, data: Uint8Array.from(data) });
  const run = (level: number, steps: number) => Array.from({ length: steps }, () => level);
  it('decode, and garbage is silence', () => {
    expect([...bytesOf(btoa('\x00\x7f'))]).toEqual([0, 127]);
    expect(bytesOf('%%%')).toHaveLength(0);
    expect(decodeLevels([{ person: 'A', stepMs: 0, startMs: 0, data: '' }])).toEqual([]);
  });
  it('tell speech from breath and clicks', () => {
    expect(speechOf([levels('A', ...run(20, 10), ...run(100, 10), ...run(20, 3), ...run(100, 10), ...run(20, 20), 110, ...run(20, 10))])).toEqual([span(1000, 3300)]);
  });
  it('leave the silence in which nobody speaks, a little shorter than it is', () => {
    const a = levels('A', ...run(100, 10), ...run(0, 50), ...run(100, 10));
    const b = levels('B', ...run(0, 70));
    expect(silences([a, b], span(0, 7000))).toEqual([span(1300, 5700)]);
    expect(silences([b], span(0, 7000))).toEqual([]);
  });
  it('give peaks by column and who is loudest', () => {
    expect([...peaks(levels('A', 1, 9, 3, 4), span(0, 400), 2)]).toEqual([9, 4]);
    expect([...peaks(levels('A', 1, 9), span(0, 400), 4)]).toEqual([1, 9, 0, 0]);
    expect(speakerAt([levels('A', ...run(80, 20)), levels('B', ...run(100, 20))], 1000)).toBe('B');
    expect(speakerAt([levels('A', ...run(30, 20))], 1000)).toBeUndefined();
  });
});

describe('the view of the timeline', () => {
  it('zooms about a moment and never leaves the whole', () => {
    const whole = span(0, 100_000);
    expect(zoom(whole, 2, 50_000, whole)).toEqual(span(25_000, 75_000));
    expect(zoom(span(0, 50_000), 0.1, 10_000, whole)).toEqual(whole);
    expect(pan(span(0, 50_000), -10, whole)).toEqual(span(0, 50_000));
    expect(pan(span(0, 50_000), 80_000, whole)).toEqual(span(50_000, 100_000));
  });
  it('labels its ruler sparsely enough', () => {
    expect(rulerStep(span(0, 600_000), 900)).toBe(60_000);
    expect(rulerStep(span(0, 10_000), 900)).toBe(1000);
  });
  it('groups pins and finds when nothing was written', () => {
    expect(clusters([{ atMs: 9 }, { atMs: 1 }, { atMs: 3 }], 5)).toEqual([[{ atMs: 1 }, { atMs: 3 }], [{ atMs: 9 }]]);
    const timeline = { durationMs: 100, events: [{ atMs: 10, type: 'suspended' }, { atMs: 30, type: 'resumed' }, { atMs: 90, type: 'suspended' }] };
    expect(stoppedOf(timeline as never)).toEqual([span(10, 30), span(90, 100)]);
  });
  it('counts speech by minute', () => {
    const { stepMs, rows } = byMinute({ durationMs: 150_000, turns: [{ person: 'A', fromMs: 50_000, toMs: 70_000 }] });
    expect([stepMs, ...rows.map((r) => r.get('A') ?? 0)]).toEqual([60_000, 10_000, 10_000, 0]);
  });
});

describe('keys', () => {
  const key = (k: string, more = {}) => actionOf({ key: k, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });
  it('mean what an editor expects', () => {
    expect(key('J')).toMatchObject({ type: 'skip', ms: -10_000 });
    expect(key('k')).toEqual({ type: 'toggle' });
    expect(key('.')).toMatchObject({ type: 'step', direction: 1 });
    expect(key('ArrowLeft', { shiftKey: true })).toMatchObject({ ms: -1000 });
    expect(key('3')).toEqual({ type: 'goto', part: 0.3 });
    expect(key('m', { ctrlKey: true })).toBeUndefined();
    expect(key('x')).toBeUndefined();
  });
});

describe('the report of what was watched', () => {
  function reporter(answers: Reported[] = []) {
    const sent: { ranges: Span[]; leaving: boolean }[] = [];
    const gone = vi.fn();
    let tick = () => {};
    const r = new WatchReporter({
      send: (ranges, leaving) => {
        sent.push({ ranges, leaving });
        return Promise.resolve(answers.shift() ?? 'taken');
      },
      gone,
      every: (_, run) => {
        tick = run;
        return () => {};
      },
    });
    return { r, sent, gone, tick: () => tick() };
  }
  it('is merged and never rounded up', async () => {
    const { r, sent } = reporter();
    r.played(span(0.2, 50.1));
    r.played(span(50.1, 99.7));
    r.played(span(5000, 5050));
    await r.flush();
    expect(sent).toEqual([{ ranges: [span(1, 99), span(5000, 5050)], leaving: false }]);
    await r.flush();
    expect(sent).toHaveLength(1);
  });
  it('that was lost is sent with the next', async () => {
    const { r, sent } = reporter(['later']);
    r.played(span(0, 100));
    await r.flush();
    r.played(span(100, 200));
    await r.flush();
    expect(sent[1]?.ranges).toEqual([span(0, 200)]);
  });
  it('says when nothing was watched, now and then, and what is left when leaving', async () => {
    const { r, sent, tick } = reporter();
    for (let n = 0; n < 3; n++) tick();
    await Promise.resolve();
    expect(sent).toEqual([{ ranges: [], leaving: false }]);
    r.played(span(0, 10));
    r.end();
    expect(sent[1]).toEqual({ ranges: [span(0, 10)], leaving: true });
  });
  it('that is refused ends the watching', async () => {
    const { r, gone } = reporter(['gone']);
    r.played(span(0, 10));
    await r.flush();
    expect(gone).toHaveBeenCalledOnce();
  });
});

describe('a note that saves itself', () => {
  function draft(saves: Saved[]) {
    const save = vi.fn((_value: string, _version: number) => Promise.resolve(saves.shift() ?? { version: 9 }));
    const load = vi.fn(() => Promise.resolve({ value: 'theirs', version: 5 }));
    return { save, load, d: new AutoDraft('', 1, { save, load }) };
  }
  it('waits until the typing rests', async () => {
    vi.useFakeTimers();
    const { d, save } = draft([{ version: 2 }]);
    d.change('a');
    await vi.advanceTimersByTimeAsync(800);
    d.change('ab');
    await vi.advanceTimersByTimeAsync(800);
    expect(save).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(600);
    expect(save).toHaveBeenCalledExactlyOnceWith('ab', 1);
    expect(d.state.get()).toEqual({ value: 'ab', version: 2, status: 'saved' });
    vi.useRealTimers();
  });
  it('saves what was typed during a save after it, on the new version', async () => {
    const { d, save } = draft([{ version: 2 }, { version: 3 }]);
    d.change('a');
    const first = d.flush();
    await Promise.resolve();
    await Promise.resolve();
    d.change('ab');
    expect(await first).toBe(false);
    expect(await d.flush()).toBe(true);
    expect(save.mock.calls).toEqual([['a', 1], ['ab', 2]]);
  });
  it('never writes over a newer version unasked', async () => {
    const { d, save } = draft(['conflict', { version: 6 }]);
    d.change('mine');
    expect(await d.flush()).toBe(false);
    expect(d.state.get().status).toBe('conflict');
    d.change('mine too');
    await d.flush();
    expect(save).toHaveBeenCalledTimes(1);
    await d.keepMine();
    expect(save).toHaveBeenLastCalledWith('mine too', 5);
    expect(d.state.get().status).toBe('saved');
  });
  it('gives way when asked to', async () => {
    const { d } = draft(['conflict']);
    d.change('mine');
    await d.flush();
    await d.takeTheirs();
    expect(d.state.get()).toEqual({ value: 'theirs', version: 5, status: 'saved' });
  });
  it('tries again by itself after a failure', async () => {
    vi.useFakeTimers();
    const { d, save } = draft(['failed', { version: 2 }]);
    d.change('a');
    await vi.advanceTimersByTimeAsync(1300);
    expect(d.state.get().status).toBe('failed');
    await vi.advanceTimersByTimeAsync(8000);
    expect(save).toHaveBeenCalledTimes(2);
    expect(d.state.get().status).toBe('saved');
    vi.useRealTimers();
  });
});

describe('forms of a note', () => {
  it('keep every word when one becomes the other', () => {
    const soap = sectionsOf('soap', [{ key: 'subjective', lines: [{ text: 's', atMs: 5 }] }, { key: 'objective', lines: [{ text: 'o' }] }, { key: 'plan', lines: [{ text: 'p' }] }]);
    const dap = inForm('dap', soap);
    expect(dap.map((s) => [s.key, s.lines.map((l) => l.text).join()])).toEqual([['data', 's,o'], ['assessment', ''], ['plan', 'p']]);
    expect(inForm('soap', dap).map((s) => s.lines.map((l) => l.text).join())).toEqual(['s,o', '', '', 'p']);
  });
  it('keep a line to write in', () => {
    const one = sectionsOf('dap', []);
    expect(changeLine(one, 'data', 0, null)[0]?.lines).toEqual([{ text: '' }]);
    expect(changeLine(one, 'data', 1, { text: 'x' })[0]?.lines).toHaveLength(2);
  });
});

describe('thumbnails', () => {
  class Element implements ThumbMedia {
    src = '';
    preload = '';
    muted = false;
    readyState = 0;
    seeking = false;
    seeks = 0;
    #at = 0;
    readonly #on = new Map<string, () => void>();
    get currentTime() {
      return this.#at;
    }
    set currentTime(s: number) {
      this.#at = s;
      this.seeking = true;
      this.seeks++;
    }
    addEventListener(type: string, listener: () => void) {
      this.#on.set(type, listener);
    }
    removeAttribute() {
      this.src = '';
    }
    load() {}
    loaded() {
      this.readyState = 2;
      this.#on.get('loadeddata')?.();
    }
    seeked() {
      this.seeking = false;
      this.#on.get('seeked')?.();
    }
  }
  const lane = { id: 't1', url: '/t1', startMs: 0, durationMs: 60_000 };
  it('work on the newest wish and keep what was drawn', async () => {
    const media = new Element();
    const thumbs = new Thumbnails(media, (m) => `at ${m.currentTime}`);
    const first = thumbs.at(lane, 5000);
    const second = thumbs.at(lane, 30_500);
    media.loaded();
    media.seeked();
    expect(await first).toBeUndefined();
    expect(await second).toBe('at 30');
    const seeks = media.seeks;
    expect(await thumbs.at(lane, 31_900)).toBe('at 30');
    expect(media.seeks).toBe(seeks);
  });
});
