import { useRef, type CSSProperties, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useBox } from '@/hooks/useBox';
import { grid, speaker } from './layout';
import { type Stage, type TileModel } from './tiles';
import classes from './ParticipantGrid.module.css';

interface ParticipantGridProps {
  stage: Stage;
  /** Draws one tile; `large` is the one in front. */
  children: (tile: TileModel, large: boolean) => ReactNode;
  gap?: number;
}

/** Places the tiles: even, or one in front. Tiles keep their element while they move. */
export function ParticipantGrid({ stage, children, gap = 10 }: ParticipantGridProps) {
  const { t } = useTranslation('video');
  const element = useRef<HTMLUListElement>(null);
  const box = useBox(element);
  const { tiles, mode, main } = stage;
  const index = tiles.findIndex((tile) => tile.key === main);
  const rects = mode === 'speaker' && index >= 0 ? speaker(tiles.length, index, box, gap) : grid(tiles.length, box, gap);
  const measured = box.width > 0;

  return (
    <ul ref={element} className={classes.grid} aria-label={t('meeting.stage')} data-mode={mode}>
      {tiles.map((tile, i) => {
        const rect = rects[i];
        const style: CSSProperties = rect && measured ? { left: rect.x, top: rect.y, width: rect.width, height: rect.height } : { inset: 0 };
        return (
          <li key={tile.key} className={classes.cell} style={style}>
            {children(tile, tile.key === main || tiles.length === 1)}
          </li>
        );
      })}
    </ul>
  );
}
