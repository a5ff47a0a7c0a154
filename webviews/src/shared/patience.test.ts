import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PATIENCE_MS, Patience } from './patience.js';

beforeEach(() => vi.useFakeTimers({ toFake: ['performance', 'setTimeout'] }));
afterEach(() => vi.useRealTimers());

test('is over after a moment of being busy, and wakes whoever asked', () => {
  const wake = vi.fn();
  const patience = new Patience(wake);
  expect(patience.isOver(true)).toBe(false);
  vi.advanceTimersByTime(PATIENCE_MS - 1);
  expect(patience.isOver(true)).toBe(false);
  vi.advanceTimersByTime(2);
  expect(wake).toHaveBeenCalledTimes(1);
  expect(patience.isOver(true)).toBe(true);
});

test('begins anew after a rest', () => {
  const patience = new Patience(() => {});
  patience.isOver(true);
  vi.advanceTimersByTime(PATIENCE_MS + 1);
  expect(patience.isOver(false)).toBe(false);
  expect(patience.isOver(true)).toBe(false);
});
