import { Button, Textarea } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import classes from './RecordingPanel.module.css';

interface ReasonFormProps {
  label: string;
  missing: string;
  submit: string;
  cancel: string;
  danger?: boolean;
  busy?: boolean;
  /** What else is asked, above the reason. */
  children?: ReactNode;
  onSubmit: (reason: string) => void;
  onCancel: () => void;
}

/** A deed that is not done without saying why. */
export function ReasonForm({ label, missing, submit, cancel, danger = false, busy = false, children, onSubmit, onCancel }: ReasonFormProps) {
  const [reason, setReason] = useState('');
  const [tried, setTried] = useState(false);
  const given = reason.trim();
  return (
    <form
      className={classes.form}
      aria-label={submit}
      onSubmit={(e) => {
        e.preventDefault();
        setTried(true);
        if (given) onSubmit(given);
      }}
    >
      {children}
      <Textarea size="md" label={label} autosize minRows={2} maxLength={500} value={reason} error={tried && !given ? missing : undefined} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
      <div className={classes.actions}>
        <Button type="submit" color={danger ? 'brick' : 'sage'} loading={busy}>
          {submit}
        </Button>
        <Button variant="subtle" onClick={onCancel}>
          {cancel}
        </Button>
      </div>
    </form>
  );
}
