import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { useReview } from '@/hooks/recording/reviewContext';
import { type Source } from '@/lib/recording/model';

const sources: readonly string[] = ['camera', 'microphone', 'screen', 'screen-audio'] satisfies Source[];

/** "Mira’s camera": what a track is, in words. */
export function useTrackName() {
  const { t } = useTranslation('review');
  const { nameOf } = useReview();
  return useCallback(
    ({ person, source }: { person: string; source: string }) => (sources.includes(source) ? t(`stage.${source as Source}`, { name: nameOf(person) }) : source),
    [t, nameOf],
  );
}
