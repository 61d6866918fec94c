import { type SVGProps } from 'react';

/** Two arches under one line: a doorway for each of two people, and an m. */
export function LogoMark(props: SVGProps<SVGSVGElement>) {
  return (
    <svg viewBox="0 0 32 32" width={32} height={32} aria-hidden="true" focusable="false" {...props}>
      <rect width="32" height="32" rx="10" fill="#1f6151" />
      <path d="M8 24v-8.5a4 4 0 0 1 8 0V24" fill="none" stroke="#fbf9f6" strokeWidth="3" strokeLinecap="round" />
      <path d="M16 15.5a4 4 0 0 1 8 0V24" fill="none" stroke="#eaab7e" strokeWidth="3" strokeLinecap="round" />
    </svg>
  );
}
