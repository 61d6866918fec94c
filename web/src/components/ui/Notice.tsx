import { Button } from '@mantine/core';
import { IconAlertCircle, IconInfoCircle } from '@tabler/icons-react';
import { type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { asProblem } from '@/lib/api/problem';
import classes from './Notice.module.css';
import { type Tone } from './Pill';
import { useProblemText } from './problemText';

interface NoticeProps {
  tone?: Tone;
  /** An alert is read out at once; use it only for what just happened. */
  alert?: boolean;
  children: ReactNode;
}

export function Notice({ tone = 'plain', alert = false, children }: NoticeProps) {
  const Icon = tone === 'brick' ? IconAlertCircle : IconInfoCircle;
  return (
    <div role={alert ? 'alert' : undefined} className={`${classes.notice} ${tone === 'plain' ? '' : classes[tone]}`}>
      <Icon size={20} aria-hidden="true" />
      <div className={classes.words}>{children}</div>
    </div>
  );
}

/** What went wrong, what to tell support, and trying again where that may help. */
export function ProblemNotice({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  const text = useProblemText();
  const problem = asProblem(error);
  return (
    <Notice tone="brick" alert>
      <p>{text(problem)}</p>
      {problem.reference ? <p className={classes.small}>{t('error.requestId', { id: problem.reference })}</p> : null}
      {onRetry ? (
        <Button className={classes.action} size="compact-md" variant="white" onClick={onRetry}>
          {t('action.retry')}
        </Button>
      ) : null}
    </Notice>
  );
}
