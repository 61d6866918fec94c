import { ActionIcon, Loader } from '@mantine/core';
import { IconPinned, IconPinnedOff, IconPlayerPlayFilled } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Initials } from '@/components/ui/Initials';
import { usePlayerState, usePosition, useReview } from '@/hooks/recording/reviewContext';
import { speakerAt } from '@/lib/recording/levels';
import { type Source } from '@/lib/recording/model';
import { type Lane } from '@/lib/recording/lane';
import { useTrackName } from './useTrackName';
import classes from './Stage.module.css';

export type Layout = 'speaker' | 'grid';

interface Tile {
  id: string;
  person: string;
  source: Source;
  lanes: Lane[];
}

/** A tile a camera or screen, whoever came back keeps theirs; people of sound alone have one too. */
function tilesOf(lanes: readonly Lane[], people: readonly { id: string }[]): Tile[] {
  const tiles: Tile[] = people
    .filter((p) => lanes.some((l) => l.track.person === p.id))
    .map((p) => ({ id: p.id, person: p.id, source: 'camera', lanes: lanes.filter((l) => l.track.person === p.id && l.track.source === 'camera') }));
  for (const p of people) {
    const screens = lanes.filter((l) => l.track.person === p.id && l.track.source === 'screen');
    if (screens.length > 0) tiles.push({ id: `${p.id}:screen`, person: p.id, source: 'screen', lanes: screens });
  }
  return tiles;
}

/** Whoever speaks, once they have for a while: the stage must not flicker between two. */
function useSteadySpeaker(): string | undefined {
  const { levels, player } = useReview();
  const at = usePosition(500);
  const now = speakerAt(levels, at);
  const [shown, setShown] = useState(now);
  useEffect(() => {
    if (now === undefined || now === shown) return;
    const timer = setTimeout(() => setShown(now), player.state.get().status === 'playing' ? 1000 : 0);
    return () => clearTimeout(timer);
  }, [now, shown, player]);
  return shown;
}

/** The lane's own element, put into the page; it stays the player's. */
function Picture({ lane, shown }: { lane: Lane; shown: boolean }) {
  const slot = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const node = slot.current;
    const media = lane.media;
    if (!node || !(media instanceof HTMLVideoElement)) return;
    media.setAttribute('aria-hidden', 'true');
    node.append(media);
    return () => media.remove();
  }, [lane]);
  return <div ref={slot} className={classes.picture} data-shown={shown || undefined} />;
}

interface StageProps {
  layout: Layout;
  pinned: string | null;
  onPin: (tile: string | null) => void;
  onMain: (track: string | undefined) => void;
}

export function Stage({ layout, pinned, onPin, onMain }: StageProps) {
  const { t } = useTranslation('review');
  const { player, timeline, nameOf } = useReview();
  const at = usePosition(250);
  const state = usePlayerState();
  const speaker = useSteadySpeaker();
  const nameTrack = useTrackName();

  const tiles = tilesOf(player.lanes, timeline.people).filter((tile) => tile.source === 'camera' || tile.lanes.some((l) => l.has(at)));
  const screen = tiles.find((tile) => tile.source === 'screen');
  const talking = tiles.find((tile) => tile.id === speaker);
  const seen = (tile: Tile) => tile.lanes.find((l) => l.has(at));
  const main = tiles.find((tile) => tile.id === pinned) ?? screen ?? (talking && seen(talking) ? talking : undefined) ?? tiles.find(seen) ?? tiles[0];
  const spread = layout === 'grid' && pinned === null && screen === undefined;
  const mainTrack = main && seen(main)?.track.id;
  useEffect(() => onMain(mainTrack), [mainTrack, onMain]);

  const columns = tiles.length <= 1 ? 1 : tiles.length <= 4 ? 2 : 3;
  const waiting = [...new Set(state.waitingFor)]
    .map((id) => player.lane(id)?.track)
    .filter((track) => track !== undefined)
    .map(nameTrack);

  return (
    <section
      className={classes.stage}
      aria-label={t('stage.label')}
      data-layout={spread ? 'grid' : tiles.length > 1 ? 'speaker' : 'single'}
      style={spread ? { gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` } : undefined}
    >
      {tiles.map((tile) => {
        const lane = seen(tile);
        const person = nameOf(tile.person);
        const name = tile.source === 'screen' ? t('stage.screen', { name: person }) : person;
        const here = lane !== undefined || player.lanes.some((l) => l.track.person === tile.person && l.has(at));
        const large = !spread && tile === main;
        return (
          <div
            key={tile.id}
            className={classes.tile}
            data-main={large || undefined}
            data-away={!here || undefined}
            data-speaking={(tile.source === 'camera' && here && tile.id === speaker) || undefined}
            data-screen={tile.source === 'screen' || undefined}
          >
            {tile.lanes.map((l) => (
              <Picture key={l.track.id} lane={l} shown={l === lane} />
            ))}
            {lane ? null : (
              <div className={classes.blank}>
                <Initials id={tile.person} name={person} large />
                <span>{here ? t('stage.noPicture') : t('stage.away')}</span>
              </div>
            )}
            <span className={classes.name}>{name}</span>
            <ActionIcon
              className={classes.pin ?? ''}
              size="md"
              aria-pressed={pinned === tile.id}
              aria-label={pinned === tile.id ? t('stage.unpin', { name }) : t('stage.pin', { name })}
              title={pinned === tile.id ? t('stage.unpin', { name }) : t('stage.pin', { name })}
              onClick={() => onPin(pinned === tile.id ? null : tile.id)}
            >
              {pinned === tile.id ? <IconPinnedOff size={16} /> : <IconPinned size={16} />}
            </ActionIcon>
          </div>
        );
      })}
      <div className={classes.over} role="status">
        {waiting.length > 0 ? (
          <span className={classes.waiting}>
            <Loader size="sm" color="white" aria-hidden="true" />
            {t('stage.waiting', { what: waiting.join(', ') })}
          </span>
        ) : null}
      </div>
      {state.status === 'blocked' ? (
        <button type="button" className={classes.blocked} onClick={() => player.play()}>
          <IconPlayerPlayFilled size={28} aria-hidden="true" />
          {t('stage.blocked')}
        </button>
      ) : null}
    </section>
  );
}
