import '@/components/ui/fieldStyles';
import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Notice, ProblemNotice } from '@/components/ui/Notice';
import { type RetentionPolicies, type RetentionPreview } from '@/lib/api/types';
import classes from './RetentionRules.module.css';

interface RetentionRulesProps {
  policies: RetentionPolicies;
  busy: boolean;
  error: unknown;
  /** What rules would do, before they are saved. */
  onPreview: (next: RetentionPolicies) => Promise<RetentionPreview>;
  onSave: (next: RetentionPolicies) => void;
}

const whole = (text: string) => (/^\d{1,5}$/.test(text.trim()) ? Number(text) : Number.NaN);

/** How many days each kind of session's recordings are kept, and what a change would end. */
export function RetentionRules({ policies, busy, error, onPreview, onSave }: RetentionRulesProps) {
  const { t } = useTranslation(['recordings', 'common']);
  const [keep, setKeep] = useState(() => new Map(policies.rules.map((rule) => [rule.kind, String(rule.keepDays)])));
  const [notice, setNotice] = useState(String(policies.noticeDays));
  const [tried, setTried] = useState(false);
  const [effect, setEffect] = useState<RetentionPreview>();

  const rules = policies.rules.map(({ kind }) => ({ kind, keepDays: whole(keep.get(kind) ?? '') }));
  const noticeDays = whole(notice);
  const badDays = ({ keepDays }: { keepDays: number }) => (keepDays >= 1 ? undefined : t('retention.badDays'));
  const badNotice = noticeDays >= 0 && rules.every((rule) => !(noticeDays >= rule.keepDays)) ? undefined : t('retention.badNotice');
  const next = { version: policies.version, noticeDays, rules };

  const submit = async () => {
    setTried(true);
    if (badNotice || rules.some(badDays)) return;
    const would = await onPreview(next).catch(() => undefined);
    if (!would) return; // said by the page
    if (would.count > 0) setEffect(would);
    else onSave(next);
  };

  return (
    <form
      className={classes.form}
      noValidate
      onSubmit={(e) => {
        e.preventDefault();
        void submit();
      }}
    >
      <div className={classes.rules}>
        {rules.map((rule) => (
          <TextInput
            key={rule.kind}
            label={t(`common:kind.${rule.kind}`)}
            description={t('retention.keep')}
            inputMode="numeric"
            value={keep.get(rule.kind)}
            error={tried ? badDays(rule) : undefined}
            onChange={(e) => {
              setEffect(undefined);
              setKeep(new Map(keep).set(rule.kind, e.currentTarget.value));
            }}
          />
        ))}
      </div>
      <TextInput
        label={t('retention.notice')}
        inputMode="numeric"
        value={notice}
        error={tried ? badNotice : undefined}
        onChange={(e) => {
          setEffect(undefined);
          setNotice(e.currentTarget.value);
        }}
      />
      {error ? <ProblemNotice error={error} /> : null}
      {effect ? (
        <Notice tone="clay" alert>
          <p>{t('retention.effect', { count: effect.count })}</p>
          {effect.held > 0 ? <p>{t('retention.effectHeld', { count: effect.held })}</p> : null}
          <div className={classes.choose}>
            <Button color="brick" loading={busy} onClick={() => onSave(next)}>
              {t('retention.anyway')}
            </Button>
            <Button variant="white" onClick={() => setEffect(undefined)}>
              {t('retention.change')}
            </Button>
          </div>
        </Notice>
      ) : (
        <div>
          <Button type="submit" loading={busy}>
            {t('retention.save')}
          </Button>
        </div>
      )}
    </form>
  );
}
