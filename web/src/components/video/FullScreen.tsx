import { type ReactNode, useEffect, useRef } from 'react';
import classes from './FullScreen.module.css';

interface FullScreenProps {
  icon?: ReactNode;
  title: string;
  /** Moves the reading position here, for screens that replace another. */
  focus?: boolean;
  children: ReactNode;
}

/** One calm message in the middle of the page. */
export function FullScreen({ icon, title, focus = false, children }: FullScreenProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (focus) heading.current?.focus({ preventScroll: true });
  }, [focus]);
  return (
    <main className={classes.screen}>
      <div className={classes.card}>
        {icon ? (
          <span className={classes.icon} aria-hidden="true">
            {icon}
          </span>
        ) : null}
        <h1 ref={heading} tabIndex={-1} className={classes.title}>
          {title}
        </h1>
        <div className={classes.body}>{children}</div>
      </div>
    </main>
  );
}
