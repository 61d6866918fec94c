import { describe, expect, it } from 'vitest';
import { countdown, dayKey, dayOf, distance, momentAt, timeKey, zoneName } from './time';

const at = (iso: string) => new Date(iso);

describe('momentAt', () => {
  it.each([
    { zone: 'UTC', day: '2026-11-23', time: '14:30', want: '2026-11-23T14:30:00.000Z', why: 'no offset' },
    { zone: 'Europe/Berlin', day: '2026-11-23', time: '14:30', want: '2026-11-23T13:30:00.000Z', why: 'winter' },
    { zone: 'Europe/Berlin', day: '2026-07-01', time: '14:30', want: '2026-07-01T12:30:00.000Z', why: 'summer' },
    { zone: 'Europe/Berlin', day: '2026-03-29', time: '01:59', want: '2026-03-29T00:59:00.000Z', why: 'just before the gap' },
    { zone: 'Europe/Berlin', day: '2026-03-29', time: '02:30', want: '2026-03-29T01:30:00.000Z', why: 'skipped: shown as 03:30' },
    { zone: 'Europe/Berlin', day: '2026-03-29', time: '03:00', want: '2026-03-29T01:00:00.000Z', why: 'just after the gap' },
    { zone: 'Europe/Berlin', day: '2026-10-25', time: '02:30', want: '2026-10-25T00:30:00.000Z', why: 'repeated: the first' },
    { zone: 'America/New_York', day: '2026-11-01', time: '01:30', want: '2026-11-01T05:30:00.000Z', why: 'repeated in the west: the first' },
    { zone: 'Asia/Kathmandu', day: '2026-11-23', time: '00:00', want: '2026-11-22T18:15:00.000Z', why: 'quarter hours' },
    { zone: 'Australia/Lord_Howe', day: '2026-10-04', time: '02:15', want: '2026-10-03T15:45:00.000Z', why: 'a gap of half an hour' },
    { zone: 'Pacific/Kiritimati', day: '2026-01-01', time: '00:00', want: '2025-12-31T10:00:00.000Z', why: 'a day ahead' },
  ])('$zone $day $time: $why', ({ zone, day, time, want }) => {
    expect(momentAt(zone, day, time)?.toISOString()).toBe(want);
  });

  it.each([['2026-02-30', '10:00'], ['2026-13-01', '10:00'], ['2026-01-01', '24:00'], ['', '10:00'], ['2026-01-01', ''], ['1 May', 'noon']])(
    'refuses %j %j',
    (day, time) => expect(momentAt('UTC', day, time)).toBeNull(),
  );

  it('agrees with dayKey and timeKey for a year of hours in zones with changes', () => {
    for (const zone of ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Casablanca']) {
      for (let h = 0; h < 365 * 24; h += 3) {
        const now = new Date(Date.UTC(2026, 0, 1, h));
        const back = momentAt(zone, dayKey(zone, now), timeKey(zone, now));
        // The repeated hour reads the same twice; the first of them is meant.
        expect(dayKey(zone, back ?? now) + timeKey(zone, back ?? now)).toBe(dayKey(zone, now) + timeKey(zone, now));
        expect((back?.getTime() ?? 0) <= now.getTime()).toBe(true);
      }
    }
  });
});

describe('words for time', () => {
  it('says how far away something is', () => {
    const now = at('2026-11-23T10:00:00Z');
    expect(distance('en', now, at('2026-11-23T10:00:20Z'))).toBe('in 1 minute');
    expect(distance('en', now, at('2026-11-23T10:12:00Z'))).toBe('in 12 minutes');
    expect(distance('en', now, at('2026-11-23T10:59:40Z'))).toBe('in 1 hour');
    expect(distance('en', now, at('2026-11-25T10:00:00Z'))).toBe('in 2 days');
    expect(distance('en', now, at('2026-11-23T09:55:00Z'))).toBe('5 minutes ago');
  });

  it('counts down to zero and stays there', () => {
    const now = at('2026-11-23T10:00:00Z');
    expect(countdown(now, at('2026-11-23T10:04:07Z'))).toBe('4:07');
    expect(countdown(now, at('2026-11-23T09:00:00Z'))).toBe('0:00');
  });

  it('names the year only when it is another one', () => {
    const clock = { locale: 'en-GB', zone: 'UTC' };
    expect(dayOf(clock, at('2026-11-23T10:00:00Z'))).toBe('Monday 23 November');
    expect(dayOf(clock, at('2027-01-04T10:00:00Z'), at('2026-11-23T10:00:00Z'))).toContain('2027');
  });

  it('shows the zone', () => {
    expect(zoneName({ locale: 'en', zone: 'Asia/Kathmandu' }, at('2026-11-23T10:00:00Z'))).toBe('GMT+5:45');
  });
});
