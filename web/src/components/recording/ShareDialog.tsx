import '@/components/ui/fieldStyles';
import '@/components/ui/choiceStyles';
import { ActionIcon, Button, NativeSelect, Stack, Switch, TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '@/components/ui/Dialog';
import { ProblemNotice } from '@/components/ui/Notice';
import { useToast } from '@/components/ui/toast';
import { useMe } from '@/hooks/useMe';
import { useReview } from '@/hooks/recording/reviewContext';
import { useShares } from '@/hooks/recording/useReview';
import { useClock } from '@/hooks/usePrefs';
import { parseTimecode, timecode } from '@/lib/recording/timecode';
import { dayKey, momentAt, momentOf } from '@/lib/time';
import panel from './panel.module.css';

const day = 24 * 60 * 60_000;
/** A fortnight is a supervision away; the server allows no more than 90 days. */
const usual = 14;
const longest = 89;

/** Lets a colleague watch and comment, all of it or a part, for a while. */
export function ShareDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('review');
  const { id, range, player } = useReview();
  const me = useMe();
  const clock = useClock();
  const toast = useToast();
  const shares = useShares(id);
  const [now] = useState(() => Date.now());
  const [who, setWho] = useState('');
  const [part, setPart] = useState(false);
  const [from, setFrom] = useState(timecode(player.position.get()));
  const [to, setTo] = useState(timecode(range.toMs));
  const [until, setUntil] = useState(dayKey(clock.zone, new Date(now + usual * day)));
  const [note, setNote] = useState('');
  const [wrong, setWrong] = useState<'who' | 'range' | null>(null);
  const colleagues = (shares.colleagues.data ?? []).filter((p) => p.id !== me.id);
  const open = (shares.list.data ?? []).filter((s) => !s.revokedAt && new Date(s.expiresAt).getTime() > now);

  const submit = () => {
    const [fromMs, toMs] = [parseTimecode(from), parseTimecode(to)];
    if (who === '') return setWrong('who');
    // What is typed knows whole seconds; the end may lie within the last.
    if (part && (fromMs === null || toMs === null || fromMs >= toMs || toMs > range.toMs + 1000)) return setWrong('range');
    const ends = momentAt(clock.zone, until, '23:59');
    if (!ends) return;
    setWrong(null);
    const name = colleagues.find((c) => c.id === who)?.name ?? '';
    shares.add.mutate(
      {
        userId: who,
        expiresAt: ends.toISOString(),
        ...(part && fromMs !== null && toMs !== null ? { fromMs, toMs: Math.min(toMs, range.toMs) } : {}),
        ...(note.trim() ? { note: note.trim() } : {}),
      },
      { onSuccess: () => { toast.done(t('share.done', { name })); onClose(); } },
    );
  };

  return (
    <Dialog title={t('share.title')} onClose={onClose}>
      <form
        noValidate
        onSubmit={(e) => {
          e.preventDefault();
          submit();
        }}
      >
        <Stack>
          <p className={panel.hint}>{t('share.hint')}</p>
          {shares.add.error ? <ProblemNotice error={shares.add.error} /> : null}
          <NativeSelect
            size="md"
            label={t('share.who')}
            error={wrong === 'who' ? t('share.needWho') : null}
            value={who}
            data={[{ value: '', label: t('share.whoNone') }, ...colleagues.map((c) => ({ value: c.id, label: c.name }))]}
            onChange={(e) => setWho(e.currentTarget.value)}
          />
          <Switch size="md" label={t('share.range')} checked={part} onChange={(e) => setPart(e.currentTarget.checked)} />
          {part ? (
            <div className={panel.row}>
              <TextInput className={panel.grow ?? ''} label={t('share.from')} value={from} error={wrong === 'range' ? t('share.badRange') : null} onChange={(e) => setFrom(e.currentTarget.value)} />
              <TextInput className={panel.grow ?? ''} label={t('share.to')} value={to} error={wrong === 'range'} onChange={(e) => setTo(e.currentTarget.value)} />
            </div>
          ) : null}
          <TextInput
            type="date"
            label={t('share.until')}
            min={dayKey(clock.zone, new Date(now))}
            max={dayKey(clock.zone, new Date(now + longest * day))}
            value={until}
            onChange={(e) => setUntil(e.currentTarget.value)}
          />
          <TextInput label={t('share.note')} maxLength={500} value={note} onChange={(e) => setNote(e.currentTarget.value)} />
          <Button type="submit" size="lg" loading={shares.add.isPending}>
            {t('share.submit')}
          </Button>
        </Stack>
      </form>
      <section aria-labelledby="review-shares" style={{ marginTop: '1.5rem' }}>
        <h3 id="review-shares" className={panel.title}>
          {t('share.current')}
        </h3>
        {open.length === 0 ? <p className={panel.hint}>{t('share.none')}</p> : null}
        <ul className={panel.list}>
          {open.map((s) => (
            <li key={s.id} className={panel.row}>
              <span className={panel.grow}>
                {s.user.name}
                <br />
                <span className={panel.hint}>
                  {t('share.line', {
                    range: s.fromMs === 0 && (s.toMs === 0 || s.toMs >= range.toMs) ? t('share.entire') : `${timecode(s.fromMs)} – ${timecode(s.toMs || range.toMs)}`,
                    when: momentOf(clock, new Date(s.expiresAt)),
                  })}
                </span>
              </span>
              <ActionIcon aria-label={t('share.revoke', { name: s.user.name })} title={t('share.revoke', { name: s.user.name })} onClick={() => shares.revoke.mutate(s.id, { onError: toast.failed })}>
                <IconX size={18} />
              </ActionIcon>
            </li>
          ))}
        </ul>
      </section>
    </Dialog>
  );
}
