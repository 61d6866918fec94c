import { ActionIcon, NativeSelect } from '@mantine/core';
import {
  IconBookmarkPlus,
  IconChevronLeft,
  IconChevronRight,
  IconMessagePlus,
  IconPlayerPauseFilled,
  IconPlayerPlayFilled,
  IconPlayerTrackNextFilled,
  IconReload,
  IconRewindBackward10,
  IconRewindForward10,
  IconVolume,
} from '@tabler/icons-react';
import { type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { usePlayerState, usePosition, useReview } from '@/hooks/recording/reviewContext';
import { rates } from '@/lib/recording/player';
import { timecode } from '@/lib/recording/timecode';
import classes from './Transport.module.css';

interface TransportProps {
  onStep: (direction: 1 | -1) => void;
  onMark: (() => void) | undefined;
  onNote: () => void;
}

function Tool({ label, onClick, children, className, pressed }: { label: string; onClick: () => void; children: ReactNode; className?: string | undefined; pressed?: boolean }) {
  return (
    <ActionIcon className={className ?? ''} size={44} aria-label={label} title={label} aria-pressed={pressed} onClick={onClick}>
      {children}
    </ActionIcon>
  );
}

function Clock() {
  const { range } = useReview();
  const { status } = usePlayerState();
  const playing = status === 'playing' || status === 'waiting';
  const at = usePosition(playing ? 250 : 10);
  return (
    <span className={classes.clock}>
      <strong>{timecode(at, !playing)}</strong>
      <span className={classes.total}> / {timecode(range.toMs)}</span>
    </span>
  );
}

/** Play, seek, speed: what the hand does while the eye is on the picture. */
export function Transport({ onStep, onMark, onNote }: TransportProps) {
  const { t } = useTranslation('review');
  const { player } = useReview();
  const state = usePlayerState();
  const playing = state.status === 'playing' || state.status === 'waiting';
  return (
    <div className={classes.bar} role="group" aria-label={t('transport.label')}>
      <div className={classes.main}>
        <Tool label={t('transport.back')} onClick={() => player.skip(-10_000)}>
          <IconRewindBackward10 size={22} stroke={1.75} />
        </Tool>
        <ActionIcon
          className={classes.play ?? ''}
          size={52}
          variant="filled"
          aria-label={playing ? t('transport.pause') : state.status === 'ended' ? t('transport.again') : t('transport.play')}
          onClick={() => player.toggle()}
        >
          {playing ? <IconPlayerPauseFilled size={24} /> : state.status === 'ended' ? <IconReload size={24} /> : <IconPlayerPlayFilled size={24} />}
        </ActionIcon>
        <Tool label={t('transport.forward')} onClick={() => player.skip(10_000)}>
          <IconRewindForward10 size={22} stroke={1.75} />
        </Tool>
        <Tool className={classes.wide} label={t('transport.frameBack')} onClick={() => onStep(-1)}>
          <IconChevronLeft size={20} />
        </Tool>
        <Tool className={classes.wide} label={t('transport.frameForward')} onClick={() => onStep(1)}>
          <IconChevronRight size={20} />
        </Tool>
        <Clock />
      </div>
      <div className={classes.tools}>
        <label className={`${classes.volume} ${classes.wide}`}>
          <IconVolume size={20} stroke={1.75} aria-hidden="true" />
          <input
            type="range"
            min={0}
            max={100}
            value={Math.round(state.volume * 100)}
            aria-label={t('transport.volume')}
            onChange={(e) => player.setVolume(Number(e.currentTarget.value) / 100)}
          />
        </label>
        <NativeSelect
          size="sm"
          className={classes.speed ?? ''}
          aria-label={t('transport.speed')}
          value={String(state.rate)}
          data={rates.map((r) => ({ value: String(r), label: `${r}×` }))}
          onChange={(e) => player.setRate(Number(e.currentTarget.value))}
        />
        <Tool label={t('transport.silence')} pressed={state.skipSilence} onClick={() => player.setSkipSilence(!state.skipSilence)}>
          <IconPlayerTrackNextFilled size={18} />
        </Tool>
        {onMark ? (
          <Tool label={t('transport.mark')} onClick={onMark}>
            <IconBookmarkPlus size={21} stroke={1.75} />
          </Tool>
        ) : null}
        <Tool label={t('transport.note')} onClick={onNote}>
          <IconMessagePlus size={21} stroke={1.75} />
        </Tool>
      </div>
    </div>
  );
}
