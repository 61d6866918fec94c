import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useCallback, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { asProblem } from '@/lib/api/problem';
import { useProblemText } from './problemText';
import classes from './toast.module.css';

/** Seconds one has to take something back. */
const undoTime = 10_000;

/** Short words at the edge of the screen, read out politely, with a way back. */
export function useToast() {
  const { t } = useTranslation();
  const text = useProblemText();

  const done = useCallback(
    (message: string, undo?: () => void) => {
      const id = crypto.randomUUID();
      notifications.show({
        id,
        color: 'sage',
        autoClose: undo ? undoTime : 5000,
        closeButtonProps: { 'aria-label': t('action.dismiss') },
        role: 'status',
        message: undo ? (
          <span className={classes.row}>
            <span>{message}</span>
            <Button
              size="compact-md"
              variant="subtle"
              onClick={() => {
                notifications.hide(id);
                undo();
              }}
            >
              {t('action.undo')}
            </Button>
          </span>
        ) : (
          message
        ),
      });
    },
    [t],
  );

  const failed = useCallback(
    (error: unknown) => {
      const problem = asProblem(error);
      notifications.show({
        color: 'brick',
        autoClose: 9000,
        role: 'alert',
        closeButtonProps: { 'aria-label': t('action.dismiss') },
        message: problem.reference ? `${text(problem)} (${problem.reference})` : text(problem),
      });
    },
    [t, text],
  );

  return useMemo(() => ({ done, failed }), [done, failed]);
}
