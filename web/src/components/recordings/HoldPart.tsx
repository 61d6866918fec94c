import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useToast } from '@/components/ui/toast';
import { useHold } from '@/hooks/recordings/useArchive';
import { useClock } from '@/hooks/usePrefs';
import { type Recording } from '@/lib/api/types';
import { momentOf } from '@/lib/time';
import { Part } from './Part';
import { ReasonForm } from './ReasonForm';
import classes from './RecordingPanel.module.css';

/** A legal hold beats every rule and every request to erase. */
export function HoldPart({ recording }: { recording: Recording }) {
  const { t } = useTranslation('recordings');
  const clock = useClock();
  const toast = useToast();
  const [asking, setAsking] = useState(false);
  const { history, change } = useHold(recording.id);
  const on = recording.legalHold;
  return (
    <>
      <Part title={t('hold.title')} hint={on ? t('hold.on') : t('hold.off')} query={history} items={history.data?.items} empty="">
        {(entries) =>
          entries.map((entry) => (
            <li key={entry.at} className={classes.line}>
              <p>
                <strong>{entry.byName}</strong> {entry.held ? t('hold.placed') : t('hold.lifted')}: {entry.reason}
              </p>
              <p className={classes.soft}>{momentOf(clock, new Date(entry.at))}</p>
            </li>
          ))
        }
      </Part>
      {asking ? (
        <ReasonForm
          label={t('hold.reason')}
          missing={t('hold.needReason')}
          submit={on ? t('hold.lift') : t('hold.set')}
          cancel={t('hold.cancel')}
          busy={change.isPending}
          onCancel={() => setAsking(false)}
          onSubmit={(reason) =>
            change.mutate(
              { on: !on, reason },
              {
                onSuccess: () => {
                  setAsking(false);
                  toast.done(on ? t('hold.liftDone') : t('hold.setDone'));
                },
                onError: toast.failed,
              },
            )
          }
        />
      ) : (
        <div className={classes.actions}>
          <Button size="sm" variant="light" onClick={() => setAsking(true)}>
            {on ? t('hold.lift') : t('hold.set')}
          </Button>
        </div>
      )}
    </>
  );
}
