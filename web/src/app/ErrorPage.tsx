import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useRouteError } from 'react-router';
import { EmptyState } from '@/components/ui/EmptyState';
import { useTitle } from '@/components/ui/Page';
import { useProblemText } from '@/components/ui/problemText';
import { Problem } from '@/lib/api/problem';
import classes from './ErrorPage.module.css';

/** A chunk of a version that is gone from the server: only a reload helps. */
function isStaleVersion(error: unknown): boolean {
  return error instanceof TypeError && /dynamically imported module|module script|Unable to preload/i.test(error.message);
}

/** What stands in the place of a page that threw. */
export function ErrorPage() {
  const { t } = useTranslation();
  const text = useProblemText();
  const error = useRouteError();
  useTitle(t('error.title'));
  const problem = error instanceof Problem ? error : null;
  const body = isStaleVersion(error) ? t('error.stale') : problem ? text(problem) : t('error.body');
  return (
    <main className={classes.page}>
      <h1 className={classes.hidden}>{t('error.title')}</h1>
      <EmptyState
        title={t('error.title')}
        body={
          <span role="alert">
            {body} {problem?.requestId ? t('error.requestId', { id: problem.requestId }) : null}
          </span>
        }
      >
        <Button onClick={() => window.location.reload()}>{t('error.reload')}</Button>
        <Button component="a" href="/" variant="subtle">
          {t('notFound.home')}
        </Button>
      </EmptyState>
    </main>
  );
}
