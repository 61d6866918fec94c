import { Button, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ProblemNotice } from '@/components/ui/Notice';
import { useToast } from '@/components/ui/toast';
import { useShares } from '@/hooks/recordings/useArchive';
import { useNow } from '@/hooks/useNow';
import { useClock } from '@/hooks/usePrefs';
import { type NewShare, type Recording, type RecordingShare } from '@/lib/api/types';
import { spanOf, spanText } from '@/lib/span';
import { momentOf } from '@/lib/time';
import { Part } from './Part';
import classes from './RecordingPanel.module.css';

interface SharePartProps {
  recording: Recording;
  colleagues: readonly { id: string; name: string }[];
}

/** With whom it is shared, until when, and sharing it. */
export function SharePart({ recording, colleagues }: SharePartProps) {
  const { t } = useTranslation('recordings');
  const toast = useToast();
  const [adding, setAdding] = useState(false);
  const shares = useShares(recording.id);

  const revoke = (share: RecordingShare) => shares.revoke.mutateAsync(share.id).then(() => toast.done(t('share.revokedDone', { name: share.user.name })), toast.failed);
  return (
    <>
      <Part
        title={t('share.title')}
        hint={t('share.hint')}
        query={shares.list}
        items={shares.list.data}
        empty={t('share.none')}
        action={
          adding ? null : (
            <Button size="sm" variant="light" onClick={() => setAdding(true)}>
              {t('share.add')}
            </Button>
          )
        }
      >
        {(list) => list.map((share) => <ShareLine key={share.id} share={share} durationMs={recording.durationMs} onRevoke={() => void revoke(share)} />)}
      </Part>
      {adding ? (
        <ShareForm
          colleagues={colleagues}
          durationMs={recording.durationMs}
          busy={shares.create.isPending}
          error={shares.create.error}
          onCancel={() => setAdding(false)}
          onShare={(share) =>
            shares.create.mutate(share, {
              onSuccess: (made) => {
                setAdding(false);
                toast.done(t('share.done', { name: made.user.name }));
              },
            })
          }
        />
      ) : null}
    </>
  );
}

function ShareLine({ share, durationMs, onRevoke }: { share: RecordingShare; durationMs: number; onRevoke: () => void }) {
  const { t } = useTranslation('recordings');
  const clock = useClock();
  const now = useNow(30_000);
  const { fromMs, toMs } = share;
  const whole = fromMs === 0 && (toMs === 0 || toMs >= durationMs);
  const part = whole ? t('share.whole') : toMs === 0 ? t('share.rangeOpen', { from: spanText(fromMs) }) : t('share.range', { from: spanText(fromMs), to: spanText(toMs) });
  const over = share.revokedAt ? t('share.revoked') : new Date(share.expiresAt) <= now ? t('share.ended') : '';
  return (
    <li className={classes.line}>
      <div>
        <p>
          <strong>{share.user.name}</strong> · {part}
        </p>
        <p className={classes.soft}>
          {over || t('share.until', { when: momentOf(clock, new Date(share.expiresAt)) })}
          {share.note ? ` · ${share.note}` : ''}
        </p>
      </div>
      {over ? null : (
        <Button size="sm" variant="subtle" aria-label={t('share.revokeNamed', { name: share.user.name })} onClick={onRevoke}>
          {t('share.revoke')}
        </Button>
      )}
    </li>
  );
}

const days = [1, 7, 14, 30, 90];
const day = 24 * 60 * 60_000;

interface ShareFormProps {
  colleagues: readonly { id: string; name: string }[];
  durationMs: number;
  busy: boolean;
  error: unknown;
  onShare: (share: NewShare) => void;
  onCancel: () => void;
}

function ShareForm({ colleagues, durationMs, busy, error, onShare, onCancel }: ShareFormProps) {
  const { t } = useTranslation('recordings');
  const [values, setValues] = useState({ userId: '', from: '', to: '', days: '7', note: '' });
  const [tried, setTried] = useState(false);
  const hint = useId();
  const set = (change: Partial<typeof values>) => setValues((now) => ({ ...now, ...change }));
  if (colleagues.length === 0) return <p className={classes.quiet}>{t('share.nobody')}</p>;

  const from = values.from === '' ? 0 : spanOf(values.from);
  const to = values.to === '' ? durationMs : spanOf(values.to);
  const faults = {
    userId: values.userId === '' ? t('share.needWho') : undefined,
    from: from === undefined ? t('share.badTime') : undefined,
    to: to === undefined ? t('share.badTime') : from !== undefined && (to <= from || from >= durationMs) ? t('share.badRange') : undefined,
  };
  const shown: Partial<typeof faults> = tried ? faults : {};

  const submit = () => {
    setTried(true);
    if (Object.values(faults).some(Boolean)) return;
    onShare({
      userId: values.userId,
      ...(values.from ? { fromMs: from } : {}),
      ...(values.to && to !== undefined ? { toMs: Math.min(to, durationMs) } : {}),
      expiresAt: new Date(Date.now() + Number(values.days) * day).toISOString(),
      ...(values.note.trim() ? { note: values.note.trim() } : {}),
    });
  };

  return (
    <form
      className={classes.form}
      aria-label={t('share.add')}
      noValidate
      onSubmit={(e) => {
        e.preventDefault();
        submit();
      }}
    >
      <NativeSelect
        size="md"
        label={t('share.who')}
        value={values.userId}
        error={shown.userId}
        data={[{ value: '', label: t('share.choose') }, ...colleagues.map((p) => ({ value: p.id, label: p.name }))]}
        onChange={(e) => set({ userId: e.currentTarget.value })}
      />
      <div className={classes.pair}>
        <TextInput label={t('share.from')} inputMode="text" aria-describedby={hint} placeholder="0:00" value={values.from} error={shown.from} onChange={(e) => set({ from: e.currentTarget.value })} />
        <TextInput label={t('share.to')} inputMode="text" aria-describedby={hint} placeholder={spanText(durationMs)} value={values.to} error={shown.to} onChange={(e) => set({ to: e.currentTarget.value })} />
      </div>
      <p id={hint} className={classes.hint}>
        {t('share.rangeHint')}
      </p>
      <NativeSelect
        size="md"
        label={t('share.expiry')}
        value={values.days}
        data={days.map((count) => ({ value: String(count), label: t('share.days', { count }) }))}
        onChange={(e) => set({ days: e.currentTarget.value })}
      />
      <Textarea size="md" label={t('share.note')} description={t('share.noteHint')} autosize minRows={2} maxLength={500} value={values.note} onChange={(e) => set({ note: e.currentTarget.value })} />
      {error ? <ProblemNotice error={error} /> : null}
      <div className={classes.actions}>
        <Button type="submit" loading={busy}>
          {t('share.submit')}
        </Button>
        <Button variant="subtle" onClick={onCancel}>
          {t('share.cancel')}
        </Button>
      </div>
    </form>
  );
}
