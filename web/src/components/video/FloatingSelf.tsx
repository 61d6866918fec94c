import { useRef, useState, type CSSProperties, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { nearestCorner, towards, type Corner } from './layout';
import classes from './FloatingSelf.module.css';

/** One's own small picture over the other person's large one; it goes where it is dragged and rests in a corner. */
export function FloatingSelf({ children }: { children: ReactNode }) {
  const { t } = useTranslation('video');
  const element = useRef<HTMLDivElement>(null);
  const grip = useRef<{ x: number; y: number } | undefined>(undefined);
  const [corner, setCorner] = useState<Corner>('bottom-right');
  const [drag, setDrag] = useState<{ x: number; y: number }>();

  const down = (e: PointerEvent<HTMLDivElement>) => {
    if (e.button !== 0) return;
    grip.current = { x: e.clientX, y: e.clientY };
    e.currentTarget.setPointerCapture(e.pointerId);
  };
  const move = (e: PointerEvent<HTMLDivElement>) => {
    if (grip.current) setDrag({ x: e.clientX - grip.current.x, y: e.clientY - grip.current.y });
  };
  const up = () => {
    const own = element.current?.getBoundingClientRect();
    const box = element.current?.parentElement?.getBoundingClientRect();
    if (grip.current && own && box) {
      const centre = { x: own.x + own.width / 2 - box.x, y: own.y + own.height / 2 - box.y };
      setCorner(nearestCorner(centre, { width: box.width, height: box.height }));
    }
    grip.current = undefined;
    setDrag(undefined);
  };
  const key = (e: KeyboardEvent) => {
    const next = towards(corner, e.key);
    if (next === corner && !e.key.startsWith('Arrow')) return;
    e.preventDefault();
    setCorner(next);
  };
  const style: CSSProperties = drag ? { translate: `${drag.x}px ${drag.y}px`, transition: 'none' } : {};

  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- moved by pointer and by arrow keys
    <div
      ref={element}
      className={classes.floating}
      data-corner={corner}
      data-dragging={drag !== undefined || undefined}
      style={style}
      // A thing one moves: arrow keys do what dragging does.
      role="application"
      aria-label={t('tile.move')}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it takes arrow keys
      tabIndex={0}
      onKeyDown={key}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={up}
    >
      {children}
    </div>
  );
}
