import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { type Problem } from '@/lib/api/problem';

/**
 * A problem as a sentence for the person. The server's own sentence is plain
 * and specific; only what it cannot say itself (no network, too many tries,
 * its own failure) is worded here.
 */
export function useProblemText() {
  const { t } = useTranslation();
  return useCallback(
    (problem: Problem): string => {
      if (problem.code === 'network') return t('error.network');
      if (problem.status === 429) {
        return problem.retryAfter
          ? t('error.tooManyFor', { count: Math.ceil(problem.retryAfter) })
          : t('error.tooMany');
      }
      if (problem.status >= 500 && problem.status !== 501) return t('error.server');
      if (problem.status === 0) return t('error.body');
      return problem.message;
    },
    [t],
  );
}
