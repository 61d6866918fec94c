import { useTranslation } from 'react-i18next';
import { useClock } from '@/hooks/usePrefs';
import { type Recording } from '@/lib/api/types';
import { spanText } from '@/lib/span';
import { momentOf, shortDayOf } from '@/lib/time';

const kinds = ['individual', 'couple', 'group'] as const;

/** A recording in words for one viewer. */
export function useRecordingWords(recording: Recording, me: { id: string }) {
  const { t } = useTranslation(['recordings', 'common']);
  const clock = useClock();
  const start = new Date(recording.startedAt ?? recording.askedAt);
  const kind = kinds.find((k) => k === recording.kind);
  const others = recording.people.filter((p) => p.identity !== me.id);
  const names = new Intl.ListFormat(clock.locale, { type: 'conjunction' }).format(others.map((p) => p.name));
  return {
    title: recording.title || (kind ? t(`common:kind.${kind}`) : recording.kind),
    names: names ? t('row.with', { names }) : '',
    when: momentOf(clock, start),
    day: shortDayOf(clock, start),
    length: recording.durationMs > 0 ? spanText(recording.durationMs) : '',
  };
}

/** What went wrong, or will happen, in a sentence; empty for an ordinary recording. */
export function useRecordingNote(recording: Recording): { text: string; tone: 'plain' | 'warning' | 'bad' } {
  const { t } = useTranslation('recordings');
  const clock = useClock();
  const day = (at: string) => momentOf(clock, new Date(at));
  if (recording.state === 'failed') return { text: recording.failure ? t('row.failed', { why: recording.failure }) : t('row.failedBare'), tone: 'bad' };
  if (recording.state === 'erased') return { text: recording.erasedAt ? t('row.erased', { day: day(recording.erasedAt) }) : '', tone: 'plain' };
  if (recording.recovered) return { text: recording.lostMs > 0 ? t('row.lost', { time: spanText(recording.lostMs + 999) }) : t('row.lostNothing'), tone: 'warning' };
  if (recording.share) return { text: t('row.until', { day: day(recording.share.expiresAt) }), tone: 'plain' };
  if (recording.purgeAt && !recording.legalHold) return { text: t('row.purge', { day: day(recording.purgeAt) }), tone: 'plain' };
  return { text: '', tone: 'plain' };
}
