import { type ReactNode } from 'react';
import classes from './EmptyState.module.css';

/** Two chairs and a plant: nobody here yet, and that is fine. */
function QuietRoom() {
  return (
    <svg viewBox="0 0 96 72" className={classes.art} aria-hidden="true" focusable="false" fill="none" strokeLinecap="round" strokeLinejoin="round">
      <ellipse cx="48" cy="64" rx="44" ry="5" fill="var(--m-surface-soft)" />
      <g stroke="var(--m-brand)" strokeWidth="3">
        <path d="M12 34v-8a7 7 0 0 1 7-7h6a7 7 0 0 1 7 7v8" />
        <path d="M9 38a5 5 0 0 1 10 0v5h11" />
        <path d="M9 38v15h25V43M13 53v8M30 53v8" />
      </g>
      <g stroke="#cc713a" strokeWidth="3">
        <path d="M64 34v-8a7 7 0 0 1 7-7h6a7 7 0 0 1 7 7v8" />
        <path d="M87 38a5 5 0 0 0-10 0v5H66" />
        <path d="M87 38v15H62V43M66 53v8M83 53v8" />
      </g>
      <g stroke="var(--m-brand)" strokeWidth="2.5">
        <path d="M44 52h8l-1.5 9h-5z" />
        <path d="M48 52V38M48 44c-5 0-7-3-7-7 4 0 7 2 7 7zM48 40c4 0 6-3 6-7-4 0-6 3-6 7z" />
      </g>
    </svg>
  );
}

interface EmptyStateProps {
  title: string;
  body?: ReactNode;
  children?: ReactNode;
}

export function EmptyState({ title, body, children }: EmptyStateProps) {
  return (
    <div className={classes.empty}>
      <QuietRoom />
      <p className={classes.title}>{title}</p>
      {body ? <p className={classes.body}>{body}</p> : null}
      {children ? <div className={classes.actions}>{children}</div> : null}
    </div>
  );
}
