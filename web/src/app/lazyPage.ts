import { type ComponentType } from 'react';
import { loadWords, type Namespace } from '@/i18n';

/** A lazy route: the page's code and its catalogues come in parallel. */
export function lazyPage(load: () => Promise<ComponentType>, words: Namespace[]) {
  return async () => {
    const [Component] = await Promise.all([load(), loadWords(words)]);
    return { Component };
  };
}
