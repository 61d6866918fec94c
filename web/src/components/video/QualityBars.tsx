import { type Verdict } from '@/lib/rtc/quality';
import classes from './QualityBars.module.css';

/** Four bars; the words stand wherever they are used. */
export function QualityBars({ verdict }: { verdict: Verdict }) {
  return (
    <span className={classes.bars} data-level={verdict.level} aria-hidden="true">
      {[1, 2, 3, 4].map((bar) => (
        <span key={bar} className={classes.bar} data-on={bar <= verdict.bars || undefined} />
      ))}
    </span>
  );
}
