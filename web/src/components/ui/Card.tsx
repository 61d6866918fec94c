import { type ReactNode, useId } from 'react';
import classes from './Card.module.css';

export function Card({ brand = false, children }: { brand?: boolean; children: ReactNode }) {
  return <div className={brand ? `${classes.card} ${classes.brand}` : classes.card}>{children}</div>;
}

interface SectionProps {
  title: string;
  hint?: ReactNode;
  action?: ReactNode;
  children: ReactNode;
}

/** A titled region of a page. */
export function Section({ title, hint, action, children }: SectionProps) {
  const id = useId();
  return (
    <section className={classes.section} aria-labelledby={id}>
      <div className={classes.sectionHead}>
        <div>
          <h2 id={id} className={classes.sectionTitle}>
            {title}
          </h2>
          {hint ? <p className={classes.hint}>{hint}</p> : null}
        </div>
        {action}
      </div>
      {children}
    </section>
  );
}
