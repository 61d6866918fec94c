import { createContext, useContext, useSyncExternalStore } from 'react';
import { type Levels } from '@/lib/recording/levels';
import { type Recording, type Span, type Timeline } from '@/lib/recording/model';
import { type Player, type PlayerState } from '@/lib/recording/player';
import { useReadable } from '../useReadable';

/** What every part of the review works on. */
export interface Review {
  id: string;
  recording: Recording;
  timeline: Timeline;
  levels: readonly Levels[];
  player: Player;
  range: Span;
  nameOf: (person: string) => string;
  /** Which of the lane colours is a person's. */
  toneOf: (person: string) => number;
  /** Goes to a moment and plays from there. */
  playFrom: (atMs: number) => void;
}

export const ReviewContext = createContext<Review | null>(null);

export function useReview(): Review {
  const review = useContext(ReviewContext);
  if (!review) throw new Error('useReview outside the review');
  return review;
}

export function usePlayerState(): PlayerState {
  return useReadable(useReview().player.state);
}

/** The position in steps of `grain` milliseconds, so that a view is not drawn for each tick. */
export function usePosition(grain: number): number {
  const { position } = useReview().player;
  const get = () => Math.floor(position.get() / grain) * grain;
  return useSyncExternalStore(position.subscribe, get, get);
}
