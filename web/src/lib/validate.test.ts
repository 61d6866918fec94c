import { describe, expect, it } from 'vitest';
import { looksLikeEmail, safePath } from './validate';

describe('safePath', () => {
  it.each([
    ['/sessions', '/sessions'],
    ['/rooms/ABC?x=1', '/rooms/ABC?x=1'],
    [null, '/'],
    ['', '/'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['/\t/evil.example', '/'],
    ['https://evil.example', '/'],
    ['javascript:alert(1)', '/'],
    ['sessions', '/'],
  ])('%j leads to %j', (to, want) => expect(safePath(to)).toBe(want));
});

describe('looksLikeEmail', () => {
  it.each([
    ['ruth@example.org', true],
    ['ü@bücher.example', true],
    ['ruth', false],
    ['@example.org', false],
    ['ruth@', false],
    ['ruth @example.org', false],
    ['', false],
  ])('%j: %j', (text, want) => expect(looksLikeEmail(text)).toBe(want));
});
