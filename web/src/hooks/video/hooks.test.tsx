import { act, fireEvent, render, renderHook } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Store } from '@/lib/store';
import { type Call } from '@/lib/rtc/call';
import { type LocalState } from '@/lib/rtc/local';
import { lobby } from '@/lib/rtc/room';
import { Announcer } from './useAnnouncer';
import { useAutoHide } from './useAutoHide';
import { shortcutOf, useShortcuts, type Shortcuts } from './useShortcuts';
import { undoTime, useVideoControls } from './useVideoControls';
import { useInterrupted } from './useVideoRoom';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('keys', () => {
  const key = (key: string, more = {}) => ({ key, code: '', ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });
  it.each([
    [key('m'), 'microphone'],
    [key('d', { ctrlKey: true }), 'microphone'],
    [key('d', { metaKey: true }), 'microphone'],
    [key('e', { metaKey: true }), 'camera'],
    [key('?', { shiftKey: true }), 'help'],
    [key('r', { ctrlKey: true }), undefined],
    [key('m', { altKey: true }), undefined],
    [key('d', { ctrlKey: true, shiftKey: true }), undefined],
  ])('%o', (event, name) => expect(shortcutOf(event)).toBe(name));

  function listen(on = true) {
    const shortcuts = Object.fromEntries(['microphone', 'camera', 'screen', 'hand', 'people', 'layout', 'fullscreen', 'help', 'bookmark', 'talk'].map((name) => [name, vi.fn()])) as unknown as { [K in keyof Shortcuts]: ReturnType<typeof vi.fn> };
    renderHook(() => useShortcuts(on, shortcuts as unknown as Shortcuts));
    return shortcuts;
  }

  it('are left to whoever writes', () => {
    const shortcuts = listen();
    const { container } = render(<><input /><textarea /><div role="dialog"><button type="button">x</button></div></>);
    for (const node of container.querySelectorAll('input, textarea, button')) fireEvent.keyDown(node, { key: 'm' });
    expect(shortcuts.microphone).not.toHaveBeenCalled();
    fireEvent.keyDown(document.body, { key: 'm' });
    expect(shortcuts.microphone).toHaveBeenCalledTimes(1);
  });

  it('hold to talk, until let go or looked away', () => {
    const { talk } = listen();
    fireEvent.keyDown(document.body, { code: 'Space', key: ' ' });
    fireEvent.keyDown(document.body, { code: 'Space', key: ' ', repeat: true });
    expect(talk.mock.calls).toEqual([[true]]);
    fireEvent.keyUp(document.body, { code: 'Space', key: ' ' });
    fireEvent.keyDown(document.body, { code: 'Space', key: ' ' });
    fireEvent.blur(window);
    fireEvent.keyUp(document.body, { code: 'Space', key: ' ' });
    expect(talk.mock.calls).toEqual([[true], [false], [true], [false]]);
  });

  it('let Space press the button that has the focus', () => {
    const { talk } = listen();
    const { getByRole } = render(<button type="button">x</button>);
    fireEvent.keyDown(getByRole('button'), { code: 'Space', key: ' ' });
    expect(talk).not.toHaveBeenCalled();
  });

  it('mean nothing while a dialog is open', () => {
    const { microphone } = listen(false);
    fireEvent.keyDown(document.body, { key: 'm' });
    expect(microphone).not.toHaveBeenCalled();
  });
});

describe('the microphone', () => {
  function controls(on: boolean) {
    const state = new Store<LocalState>({ camera: { on: false, pending: false }, microphone: { on, pending: false, track: {} as MediaStreamTrack }, screen: { on: false, pending: false }, blur: 'off' });
    const setMicrophone = vi.fn(async (now: boolean) => state.update((s) => ({ ...s, microphone: { ...s.microphone, on: now } })));
    const call = { local: { state, setMicrophone }, state: new Store(lobby), audioOnly: new Store(false) } as unknown as Call;
    const { result } = renderHook(() => useVideoControls(call));
    return { result, setMicrophone };
  }

  it('can be taken back for five seconds after it was turned on', async () => {
    const { result } = controls(false);
    await act(() => result.current.toggleMicrophone());
    expect(result.current).toMatchObject({ microphone: true, unmuted: true });
    act(() => void vi.advanceTimersByTime(undoTime));
    expect(result.current.unmuted).toBe(false);
    await act(() => result.current.toggleMicrophone());
    await act(() => result.current.toggleMicrophone());
    await act(() => result.current.undoUnmute());
    expect(result.current).toMatchObject({ microphone: false, unmuted: false });
  });

  it('is open while the key is held, without asking about it', () => {
    const { result, setMicrophone } = controls(false);
    act(() => result.current.pushToTalk(true));
    expect(result.current).toMatchObject({ talking: true, microphone: true, unmuted: false });
    act(() => result.current.pushToTalk(false));
    expect(result.current).toMatchObject({ talking: false, microphone: false });
    expect(setMicrophone).toHaveBeenCalledTimes(2);
  });

  it('that is on already is not muted by letting go of the key', () => {
    const { result, setMicrophone } = controls(true);
    act(() => result.current.pushToTalk(true));
    act(() => result.current.pushToTalk(false));
    expect(setMicrophone).not.toHaveBeenCalled();
  });
});

describe('the voice for screen readers', () => {
  it('speaks line after line, and drops the oldest of too many', () => {
    const said: string[] = [];
    const announcer = new Announcer((line) => said.push(line));
    for (const line of ['1', '2', '2', '3', '4', '5', '6']) announcer.announce(line);
    expect(said).toEqual(['1']);
    vi.advanceTimersByTime(20_000);
    expect(said).toEqual(['1', '3', '4', '5', '6']);
    announcer.announce('7');
    expect(said[said.length - 1]).toBe('7');
    announcer.end();
  });
});

describe('the controls', () => {
  it('never hide from under the keyboard', () => {
    vi.stubGlobal('matchMedia', () => ({ matches: true }));
    const { getByRole } = render(<button type="button">x</button>);
    getByRole('button').focus();
    const { result } = renderHook(() => useAutoHide(false, () => true, 1_000));
    act(() => void vi.advanceTimersByTime(10_000));
    expect(result.current).toBe(true);
  });

  const inside = () => false;
  it('hide after a while of nothing, and come back with any sign of life', () => {
    vi.stubGlobal('matchMedia', () => ({ matches: true }));
    const { result } = renderHook(() => useAutoHide(false, inside, 1_000));
    expect(result.current).toBe(true);
    act(() => void vi.advanceTimersByTime(1_000));
    expect(result.current).toBe(false);
    act(() => void fireEvent.pointerMove(window));
    expect(result.current).toBe(true);
  });

  it('stay where there is no mouse, and while something holds them', () => {
    vi.stubGlobal('matchMedia', () => ({ matches: false }));
    const touch = renderHook(() => useAutoHide(false, inside, 1_000));
    act(() => void vi.advanceTimersByTime(5_000));
    expect(touch.result.current).toBe(true);
    vi.stubGlobal('matchMedia', () => ({ matches: true }));
    const held = renderHook(() => useAutoHide(true, inside, 1_000));
    act(() => void vi.advanceTimersByTime(5_000));
    expect(held.result.current).toBe(true);
  });
});

it('a hiccup is not worth a word, an interruption is', () => {
  const state = new Store({ phase: 'connected', attempt: 0 });
  const call = { session: { state } } as unknown as Call;
  const { result } = renderHook(() => useInterrupted(call, true, 700));
  act(() => state.set({ phase: 'interrupted', attempt: 0 }));
  act(() => void vi.advanceTimersByTime(600));
  expect(result.current).toBe(false);
  act(() => void vi.advanceTimersByTime(100));
  expect(result.current).toBe(true);
  act(() => state.set({ phase: 'connected', attempt: 0 }));
  expect(result.current).toBe(false);
});
