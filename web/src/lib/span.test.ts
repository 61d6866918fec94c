import { describe, expect, it } from 'vitest';
import { sizeText, spanOf, spanText } from './span';

describe('a stretch of time', () => {
  it.each([
    ['12:30', 750_000],
    ['1:02:03', 3_723_000],
    ['45', 45_000],
    [' 90:00 ', 5_400_000],
    ['', undefined],
    ['1:60', undefined],
    ['1:2:3:4', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['a:b', undefined],
  ])('%s is %s', (text, ms) => expect(spanOf(text)).toBe(ms));

  it.each([
    [0, '0:00'],
    [-5, '0:00'],
    [187_000, '3:07'],
    [3_787_999, '1:03:07'],
  ])('%s is written %s', (ms, text) => expect(spanText(ms)).toBe(text));
});

it('sizes are told in round units', () => {
  expect([0, 999, 1_500, 412_000_000].map((n) => sizeText('en', n))).toEqual(['0 byte', '999 byte', '1.5 kB', '412 MB']);
});
