import { Button, Group, Modal, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './StartRecording.module.css';

const choices = ['review', 'supervision', 'training', 'other'] as const;

interface StartRecordingProps {
  /** Resolves once everybody is asked. */
  onStart: (purpose: string) => Promise<void>;
  onClose: () => void;
}

/** The host says what a recording is for; everybody else is asked with these words. */
export function StartRecording({ onStart, onClose }: StartRecordingProps) {
  const { t } = useTranslation('consent');
  const [choice, setChoice] = useState<(typeof choices)[number]>('review');
  const [other, setOther] = useState('');
  const [missing, setMissing] = useState(false);
  const [busy, setBusy] = useState(false);

  const start = async () => {
    const purpose = choice === 'other' ? other.trim() : t(`start.choices.${choice}`);
    setMissing(purpose === '');
    if (purpose === '') return;
    setBusy(true);
    await onStart(purpose);
    setBusy(false);
  };

  return (
    <Modal opened onClose={onClose} title={t('start.title')} size="md" closeButtonProps={{ 'aria-label': t('start.close') }}>
      <form
        className={classes.form}
        onSubmit={(e) => {
          e.preventDefault();
          void start();
        }}
      >
        <p className={classes.lead}>{t('start.lead')}</p>
        <fieldset className={classes.choices}>
          <legend>{t('start.purpose')}</legend>
          <p className={classes.hint}>{t('start.purposeHint')}</p>
          {choices.map((name) => (
            <label key={name} className={classes.choice}>
              <input type="radio" name="purpose" value={name} checked={choice === name} data-autofocus={name === 'review' || undefined} onChange={() => setChoice(name)} />
              {t(`start.choices.${name}`)}
            </label>
          ))}
        </fieldset>
        {choice === 'other' ? (
          <Textarea
            size="md"
            label={t('start.other')}
            value={other}
            maxLength={200}
            autosize
            minRows={2}
            error={missing ? t('start.needOther') : undefined}
            onChange={(e) => setOther(e.currentTarget.value)}
          />
        ) : null}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onClose}>
            {t('start.cancel')}
          </Button>
          <Button type="submit" loading={busy}>
            {t('start.go')}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
