import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PendingActs } from './pendingActs';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const leaving = () => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }));

it('sends once the time is over, and not before', () => {
  const acts = new PendingActs(10_000);
  const send = vi.fn();
  acts.add('a', send);
  expect(acts.pending.get().get('a')?.at).toBe(Date.now() + 10_000);
  vi.advanceTimersByTime(9_999);
  expect(send).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(send).toHaveBeenCalledOnce();
  expect(acts.pending.get().size).toBe(0);
});

it('never sends what was taken back, and leaves the others alone', () => {
  const acts = new PendingActs(10_000);
  const [a, b] = [vi.fn(), vi.fn()];
  acts.add('a', a);
  acts.add('b', b);
  acts.undo('a');
  acts.undo('a');
  vi.advanceTimersByTime(20_000);
  expect(a).not.toHaveBeenCalled();
  expect(b).toHaveBeenCalledOnce();
});

it('a second press starts the wait anew and sends once', () => {
  const acts = new PendingActs(10_000);
  const send = vi.fn();
  acts.add('a', send);
  vi.advanceTimersByTime(5_000);
  acts.add('a', send);
  vi.advanceTimersByTime(9_000);
  expect(send).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1_000);
  expect(send).toHaveBeenCalledOnce();
});

it('warns before a tab is closed while something waits', () => {
  const acts = new PendingActs(10_000);
  expect(leaving()).toBe(false);
  acts.add('a', () => undefined);
  expect(leaving()).toBe(true);
  acts.undo('a');
  expect(leaving()).toBe(false);
});
