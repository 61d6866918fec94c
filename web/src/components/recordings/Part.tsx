import { type UseQueryResult } from '@tanstack/react-query';
import { type ReactNode } from 'react';
import { Section } from '@/components/ui/Card';
import { ProblemNotice } from '@/components/ui/Notice';
import { ListSkeleton } from '@/components/ui/Waiting';
import classes from './RecordingPanel.module.css';

interface PartProps<T> {
  title: string;
  hint?: string;
  action?: ReactNode;
  query: Pick<UseQueryResult, 'isPending' | 'isError' | 'error' | 'refetch'>;
  items: readonly T[] | undefined;
  empty: string;
  children: (items: readonly T[]) => ReactNode;
}

/** A titled list of the panel, with its waiting, its failure and its emptiness. */
export function Part<T>({ title, hint, action, query, items, empty, children }: PartProps<T>) {
  return (
    <Section title={title} hint={hint} action={action}>
      {query.isPending ? <ListSkeleton rows={2} height={28} /> : null}
      {query.isError ? <ProblemNotice error={query.error} onRetry={() => void query.refetch()} /> : null}
      {items?.length === 0 && empty ? <p className={classes.quiet}>{empty}</p> : null}
      {items && items.length > 0 ? <ul className={classes.lines}>{children(items)}</ul> : null}
    </Section>
  );
}
