import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { keys } from '@/lib/api/keys';
import { Problem } from '@/lib/api/problem';
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

function start(id: string, play: Play, timeline: Timeline) {
  const send = async (ranges: Span[], leaving: boolean): Promise<Reported> => {
    try {
      await recordings.watched(id, play.id, ranges, leaving);
      return 'taken';
    } catch (cause) {
      return isGone(cause) ? 'gone' : 'later';
    }
  };
  const reporter = new WatchReporter({ send, every, gone: () => player.revoke() });
  const diagnose = async (track: PlayTrack): Promise<Diagnosis> => {
    const status = await recordings.probe(track);
    if (status === 409) {
      // The server wants to know first what was watched.
      await reporter.tell();
      return 'retry';
    }
    if (status === 401 || status === 403 || status === 404 || status === 410) return 'gone';
    if (status === 0 || status === 429 || status >= 502) return 'offline';
    return 'damaged';
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
  useEffect(() => {
    if (!granted || !timeline) return;
    const { player, reporter } = start(id, granted, timeline);
    if (startAt !== null) player.seek(startAt);
    const leave = () => reporter.leave();
    window.addEventListener('pagehide', leave);
    slot.set(player);
    return () => {
      window.removeEventListener('pagehide', leave);
      player.end();
      reporter.end();
      slot.set(undefined);
    };
    // A new time in the address is a seek of the page, not another player.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [id, granted, timeline, slot]);
  return { play, player };
}
