import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { keys } from '@/lib/api/keys';
import { asProblem, Problem } from '@/lib/api/problem';
import { isGone, recordings } from '@/lib/api/services/recordings';
import { decodeLevels, silences } from '@/lib/recording/levels';
import { type Play, type PlayTrack, type Span, type Timeline } from '@/lib/recording/model';
import { Player, type Diagnosis } from '@/lib/recording/player';
import { type Reported, WatchReporter } from '@/lib/recording/watched';
import { Store } from '@/lib/store';
import { useReadable } from '../useReadable';

const every = (ms: number, tick: () => void) => {
  const timer = setInterval(tick, ms);
  return () => clearInterval(timer);
};

/** A permission to play, asked for once a visit. */
function usePlay(id: string) {
  return useQuery({
    queryKey: keys.recording.play(id),
    queryFn: () => recordings.play(id),
    staleTime: Infinity,
    gcTime: 0,
    refetchOnReconnect: false,
    // A shared part is cut for its viewer when it is first opened.
    retry: (count, error) => error instanceof Problem && (error.code === 'share_preparing' ? count < 60 : error.temporary && count < 3),
    retryDelay: (count, error) => (error instanceof Problem && error.retryAfter ? error.retryAfter * 1000 : Math.min(8000, 500 * 2 ** count)),
  });
}

function element(track: PlayTrack): HTMLMediaElement {
  const media = document.createElement(track.kind);
  media.preload = 'none';
  if (media instanceof HTMLVideoElement) {
    media.playsInline = true;
  }
  return media;
}

function start(id: string, play: Play, timeline: Timeline, expired: () => void) {
  const send = async (ranges: Span[], leaving: boolean): Promise<Reported> => {
    try {
      await recordings.watched(id, play.id, ranges, leaving);
      return 'taken';
    } catch (cause) {
      if (asProblem(cause).code === 'play_expired') expired();
      return isGone(cause) ? 'gone' : 'later';
    }
  };
  const reporter = new WatchReporter({ send, every, gone: () => player.revoke() });
  const diagnose = async (track: PlayTrack): Promise<Diagnosis> => {
    const problem = await recordings.refusal(track);
    if (problem === null) return 'damaged'; // it comes, and cannot be decoded
    if (problem.code === 'report_watching') {
      await reporter.tell();
      return 'retry';
    }
    if (problem.code === 'play_expired') {
      expired();
      return 'offline';
    }
    if (isGone(problem)) return 'gone';
    return problem.temporary ? 'offline' : 'damaged';
  };
  const player = new Player({
    tracks: play.tracks,
    gaps: timeline.gaps,
    range: { fromMs: play.fromMs, toMs: play.toMs },
    silences: silences(decodeLevels(timeline.levels), play),
    media: element,
    diagnose,
    now: () => performance.now(),
    every,
  });
  player.on('played', (span) => reporter.played(span));
  player.on('rested', () => void reporter.flush());
  return { player, reporter };
}

/** The player of one recording, with everything watched told to the server. */
export function usePlayer(id: string, timeline: Timeline | undefined, startAt: number | null) {
  const play = usePlay(id);
  const [slot] = useState(() => new Store<Player | undefined>(undefined));
  const player = useReadable(slot);
  const granted = play.data;
  const client = useQueryClient();
  /** Where a play that ran out stood; its successor goes on from there. */
  const left = useRef<number>(null);
  useEffect(() => {
    if (!granted || !timeline) return;
    const { player, reporter } = start(id, granted, timeline, () => void client.invalidateQueries({ queryKey: keys.recording.play(id) }));
    const at = left.current ?? startAt;
    if (at !== null) player.seek(at);
    const leave = () => reporter.leave();
    window.addEventListener('pagehide', leave);
    slot.set(player);
    return () => {
      window.removeEventListener('pagehide', leave);
      left.current = player.position.get();
      player.end();
      reporter.end();
      slot.set(undefined);
    };
    // A new time in the address is a seek of the page, not another player.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [id, granted, timeline, slot, client]);
  return { play, player };
}
