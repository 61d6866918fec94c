import { IconPlayerPlayFilled } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useReview } from '@/hooks/recording/reviewContext';
import { timecode } from '@/lib/recording/timecode';
import classes from './TimeButton.module.css';

/** A moment one can go to: press and it plays from there. */
export function TimeButton({ atMs, toMs }: { atMs: number; toMs?: number | undefined }) {
  const { t } = useTranslation('review');
  const { playFrom } = useReview();
  const words = toMs === undefined ? timecode(atMs) : `${timecode(atMs)} – ${timecode(toMs)}`;
  return (
    <button type="button" className={classes.time} aria-label={t('notes.play', { time: words })} onClick={() => playFrom(atMs)}>
      <IconPlayerPlayFilled size={11} aria-hidden="true" />
      {words}
    </button>
  );
}
