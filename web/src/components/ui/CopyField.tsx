import { Button } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { type ReactNode, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './CopyField.module.css';

interface CopyFieldProps {
  label: string;
  value: string;
  hint?: ReactNode;
}

/** A link to hand on: visible, selectable, and copied by one press. */
export function CopyField({ label, value, hint }: CopyFieldProps) {
  const { t } = useTranslation();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState(false);

  async function copy() {
    input.current?.select();
    try {
      await navigator.clipboard.writeText(value);
      setCopied(true);
    } catch {
      // No clipboard (old browser, no permission): it is selected, so the
      // person can copy it by hand.
      setCopied(false);
    }
  }

  return (
    <div className={classes.field}>
      <label htmlFor={id} className={classes.label}>
        {label}
      </label>
      <div className={classes.row}>
        <input ref={input} id={id} readOnly value={value} dir="ltr" onFocus={(e) => e.currentTarget.select()} />
        <Button onClick={() => void copy()} leftSection={copied ? <IconCheck size={18} /> : <IconCopy size={18} />}>
          <span role="status">{copied ? t('action.copied') : t('action.copy')}</span>
        </Button>
      </div>
      {hint ? <p className={classes.hint}>{hint}</p> : null}
    </div>
  );
}
