import { type ReactNode } from 'react';
import classes from './Pill.module.css';

export type Tone = 'plain' | 'brand' | 'clay' | 'brick';

/** A short state in words; the colour only repeats what the words say. */
export function Pill({ tone = 'plain', dot = false, children }: { tone?: Tone; dot?: boolean; children: ReactNode }) {
  const look = tone === 'plain' ? '' : classes[tone];
  return <span className={`${classes.pill} ${look} ${dot ? classes.dot : ''}`}>{children}</span>;
}
