import { type Participant } from '@/lib/realtime/types';
import { trackKey } from '@/lib/rtc/subscribe';

/** One picture on the stage. */
export interface TileModel {
  key: string;
  participant: Participant;
  source: 'camera' | 'screen';
  self: boolean;
}

export interface StageInput {
  self: Participant | undefined;
  others: readonly Participant[];
  /** The person wants to see themselves. */
  showSelf: boolean;
  pinned: string | undefined;
  dominant: string | undefined;
  mode: 'grid' | 'speaker';
}

export interface Stage {
  mode: 'grid' | 'speaker';
  tiles: readonly TileModel[];
  /** Key of the large tile in speaker mode. */
  main: string | undefined;
  /** Shown above the stage instead of in it: own face in a talk of two. */
  floating: TileModel | undefined;
}

/**
 * Who is shown and how large. A pin beats a shared screen, a shared screen
 * beats the chosen layout, and in a talk of two the other person has the
 * whole stage while nothing is shared. Tiles keep their order, so that nobody jumps.
 */
export function stageOf(input: StageInput): Stage {
  const { self, others, showSelf, pinned, dominant } = input;
  const tiles: TileModel[] = [];
  for (const participant of others) {
    // What the person says counts: the track goes on, silent, once they stop.
    if (participant.screen) tiles.push(tile(participant, 'screen'));
    tiles.push(tile(participant, 'camera'));
  }
  const own = self && showSelf ? { ...tile(self, 'camera'), self: true } : undefined;
  if (own && others.length === 0) return { mode: 'grid', tiles: [own], main: undefined, floating: undefined };

  // A screen beside the other's face leaves no free corner to float in.
  const duo = tiles.length === 1;
  if (own && !duo) tiles.push(own);
  const screen = tiles.find((t) => t.source === 'screen')?.key;
  const pin = tiles.some((t) => t.key === pinned) ? pinned : undefined;
  const wanted = pin ?? screen ?? (input.mode === 'speaker' && dominant ? trackKey(dominant, 'camera') : undefined);
  const main = wanted ?? (duo ? tiles[0]?.key : undefined);
  const mode = main === undefined ? 'grid' : 'speaker';
  return { mode, tiles, main, floating: duo ? own : undefined };
}

function tile(participant: Participant, source: 'camera' | 'screen'): TileModel {
  return { key: trackKey(participant.id, source), participant, source, self: false };
}
