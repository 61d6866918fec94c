import '@/components/ui/fieldStyles';
import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ProblemNotice } from '@/components/ui/Notice';
import { type RetentionPolicy } from '@/lib/api/types';
import classes from './RetentionRules.module.css';

const kinds = ['individual', 'couple', 'group'] as const;

interface RetentionRulesProps {
  policies: readonly RetentionPolicy[];
  busy: boolean;
  error: unknown;
  onSave: (policies: RetentionPolicy[]) => void;
}

type Draft = { kind: string; keep: string; notice: string };

const whole = (text: string) => (/^\d{1,5}$/.test(text.trim()) ? Number(text) : Number.NaN);

/** How many days each kind of session's recordings are kept. */
export function RetentionRules({ policies, busy, error, onSave }: RetentionRulesProps) {
  const { t } = useTranslation(['recordings', 'common']);
  const [drafts, setDrafts] = useState<Draft[]>(() => policies.map((p) => ({ kind: p.kind, keep: String(p.keepDays), notice: String(p.noticeDays) })));
  const [tried, setTried] = useState(false);
  const nameOf = (kind: string) => {
    const known = kinds.find((k) => k === kind);
    return known ? t(`common:kind.${known}`) : kind;
  };
  const faultsOf = ({ keep, notice }: Draft) => ({
    keep: whole(keep) >= 1 ? undefined : t('retention.badDays'),
    notice: whole(notice) >= 0 && !(whole(notice) >= whole(keep)) ? undefined : t('retention.badNotice'),
  });
  const change = (kind: string, next: Partial<Draft>) => setDrafts((now) => now.map((d) => (d.kind === kind ? { ...d, ...next } : d)));

  return (
    <form
      className={classes.form}
      noValidate
      onSubmit={(e) => {
        e.preventDefault();
        setTried(true);
        if (drafts.every((d) => Object.values(faultsOf(d)).every((fault) => fault === undefined))) {
          onSave(drafts.map((d) => ({ kind: d.kind, keepDays: whole(d.keep), noticeDays: whole(d.notice) })));
        }
      }}
    >
      {drafts.map((draft) => {
        const faults = tried ? faultsOf(draft) : { keep: undefined, notice: undefined };
        return (
          <fieldset key={draft.kind} className={classes.rule}>
            <legend>{nameOf(draft.kind)}</legend>
            <TextInput
              label={t('retention.keep')}
              inputMode="numeric"
              value={draft.keep}
              error={faults.keep}
              onChange={(e) => change(draft.kind, { keep: e.currentTarget.value })}
            />
            <TextInput
              label={t('retention.notice')}
              inputMode="numeric"
              value={draft.notice}
              error={faults.notice}
              onChange={(e) => change(draft.kind, { notice: e.currentTarget.value })}
            />
          </fieldset>
        );
      })}
      {error ? <ProblemNotice error={error} /> : null}
      <div>
        <Button type="submit" loading={busy}>
          {t('retention.save')}
        </Button>
      </div>
    </form>
  );
}
