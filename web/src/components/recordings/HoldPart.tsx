import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Section } from '@/components/ui/Card';
import { useToast } from '@/components/ui/toast';
import { useHold } from '@/hooks/recordings/useArchive';
import { type Recording } from '@/lib/api/types';
import { ReasonForm } from './ReasonForm';
import classes from './RecordingPanel.module.css';

/** A legal hold beats every rule and every request to erase. */
export function HoldPart({ recording }: { recording: Recording }) {
  const { t } = useTranslation('recordings');
  const toast = useToast();
  const [asking, setAsking] = useState(false);
  const hold = useHold(recording.id);
  const on = recording.legalHold;
  return (
    <Section title={t('hold.title')} hint={on ? t('hold.on') : t('hold.off')}>
      {asking ? (
        <ReasonForm
          label={t('hold.reason')}
          missing={t('hold.needReason')}
          submit={on ? t('hold.lift') : t('hold.set')}
          cancel={t('hold.cancel')}
          busy={hold.isPending}
          onCancel={() => setAsking(false)}
          onSubmit={(reason) =>
            hold.mutate(
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
    </Section>
  );
}
