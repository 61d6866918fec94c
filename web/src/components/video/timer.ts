import { spanText } from '@/lib/span';

/** "3:07", or "1:03:07" after an hour. A start in the future is zero. */
export function clockOf(since: Date, now: Date): string {
  return spanText(now.getTime() - since.getTime());
}

/** Whole minutes until the planned end, rounded up; 0 when it is over. */
export function minutesLeft(endsAt: Date, now: Date): number {
  return Math.max(0, Math.ceil((endsAt.getTime() - now.getTime()) / 60_000));
}
