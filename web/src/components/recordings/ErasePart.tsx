import { Button, NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Section } from '@/components/ui/Card';
import { Notice } from '@/components/ui/Notice';
import { type Recording } from '@/lib/api/types';
import { ReasonForm } from './ReasonForm';
import classes from './RecordingPanel.module.css';

/** The end of a recording; what is pressed here is sent some seconds later, unless taken back. */
export function ErasePart({ recording, onErase }: { recording: Recording; onErase: (reason: string, whose: string) => void }) {
  const { t } = useTranslation('recordings');
  const [asking, setAsking] = useState(false);
  const [whose, setWhose] = useState('');
  return (
    <Section title={t('erase.title')} hint={t('erase.hint')}>
      {recording.legalHold ? (
        <Notice>{t('erase.held')}</Notice>
      ) : asking ? (
        <ReasonForm
          danger
          label={t('erase.reason')}
          missing={t('erase.needReason')}
          submit={t('erase.submit')}
          cancel={t('erase.cancel')}
          onCancel={() => setAsking(false)}
          onSubmit={(reason) => {
            setAsking(false);
            onErase(reason, whose);
          }}
        >
          <NativeSelect
            size="md"
            label={t('erase.whose')}
            value={whose}
            data={[{ value: '', label: t('erase.nobody') }, ...recording.people.map((p) => ({ value: p.identity, label: p.name }))]}
            onChange={(e) => setWhose(e.currentTarget.value)}
          />
        </ReasonForm>
      ) : (
        <div className={classes.actions}>
          <Button size="sm" variant="light" color="brick" onClick={() => setAsking(true)}>
            {t('erase.start')}
          </Button>
        </div>
      )}
    </Section>
  );
}
