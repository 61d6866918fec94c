import { useTranslation } from 'react-i18next';
import { useClock } from '@/hooks/usePrefs';
import { type Me, type VideoRoom } from '@/lib/api/types';
import { othersIn, phaseOf } from '@/lib/session';
import { countdown, dayKey, dayOf, distance, rangeOf, shortDayOf, timeOf } from '@/lib/time';

/** Below this many minutes before the start, the wait is shown by the second. */
const closeBy = 10;

/** A session in words for one viewer. */
export function useSessionWords(room: VideoRoom, me: Me, now: Date) {
  const { t } = useTranslation(['sessions', 'common']);
  const clock = useClock();
  const starts = new Date(room.startsAt);
  const others = othersIn(room, me);
  const names = new Intl.ListFormat(clock.locale, { type: 'conjunction' }).format(others.map((o) => o.name));

  function when(): string {
    switch (phaseOf(room, now)) {
      case 'live': {
        const since = new Date(room.startedAt ?? room.startsAt);
        return t('startedAgo', { distance: distance(clock.locale, now, since) });
      }
      case 'late':
        return t('shouldStart', { distance: distance(clock.locale, now, starts) });
      case 'ahead':
      case 'open': {
        if (starts <= now) return t('startedAgo', { distance: distance(clock.locale, now, starts) });
        if (starts.getTime() - now.getTime() < closeBy * 60_000) return t('startsIn', { time: countdown(now, starts) });
        return t('starts', { distance: distance(clock.locale, now, starts) });
      }
      default:
        return '';
    }
  }

  return {
    title: room.title || t(`common:kind.${room.kind}`),
    kind: t(`common:kind.${room.kind}`),
    others,
    names: others.length > 0 ? t('with', { names }) : t('alone'),
    time: rangeOf(clock, starts, new Date(room.endsAt)),
    day: dayOf(clock, starts, now),
    shortDay: shortDayOf(clock, starts),
    isToday: dayKey(clock.zone, starts) === dayKey(clock.zone, now),
    joinFrom: t('joinFrom', { time: timeOf(clock, new Date(room.joinableFrom)) }),
    when: when(),
  };
}
