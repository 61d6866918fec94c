import classes from './LevelMeter.module.css';

/** How loud the microphone is; a meter for eyes, a number for screen readers who ask. */
export function LevelMeter({ level, label, wide = false }: { level: number; label: string; wide?: boolean }) {
  return (
    <div
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(level * 100)}
      className={classes.meter}
      data-wide={wide || undefined}
    >
      {Array.from({ length: 8 }, (_, i) => (
        <span key={i} className={classes.step} data-on={level * 8 > i + 0.2 || undefined} />
      ))}
    </div>
  );
}
