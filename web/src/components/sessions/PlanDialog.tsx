import '@/components/ui/fieldStyles';
import '@/components/ui/choiceStyles';
import { Button, MultiSelect, NativeSelect, Stack, Switch, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconUsersGroup } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '@/components/ui/Dialog';
import { Notice, ProblemNotice } from '@/components/ui/Notice';
import { useToast } from '@/components/ui/toast';
import { useScheduleSession, useSessions } from '@/hooks/sessions/useSessions';
import { useNow } from '@/hooks/useNow';
import { useClock } from '@/hooks/usePrefs';
import { type VideoRoom } from '@/lib/api/types';
import { clashWith } from '@/lib/session';
import { dayKey, momentAt, momentOf, rangeOf, timeKey, zoneName } from '@/lib/time';
import classes from './PlanDialog.module.css';

const minute = 60_000;
const lengths = [25, 45, 50, 60, 80, 90, 120];
/** A day is what one looks at for clashes; longer sessions do not exist. */
const around = 24 * 60 * minute;

interface PlanDialogProps {
  /** Who may be invited. */
  clients: readonly { id: string; name: string }[];
  /** Couples and groups, to invite at one press. */
  units: readonly { id: string; name: string; kind: 'couple' | 'family' | 'group'; members: { id: string }[] }[];
  /** Who could hold the session; empty when only the viewer can. */
  hosts: readonly { id: string; name: string }[];
  onClose: () => void;
}

interface Plan {
  hostId: string;
  members: string[];
  kind: VideoRoom['kind'] | '';
  title: string;
  day: string;
  time: string;
  minutes: string;
  waitingRoom: boolean;
}

/** What the number of people suggests, until somebody chooses. */
function kindFor(count: number): VideoRoom['kind'] {
  if (count <= 1) return 'individual';
  return count === 2 ? 'couple' : 'group';
}

export function PlanDialog({ clients, units, hosts, onClose }: PlanDialogProps) {
  const { t } = useTranslation(['sessions', 'common']);
  const clock = useClock();
  const toast = useToast();
  const now = useNow(30_000);
  const schedule = useScheduleSession();

  // The next full quarter of an hour, an hour from now at the earliest.
  const suggestion = new Date(Math.ceil((now.getTime() + 60 * minute) / (15 * minute)) * 15 * minute);
  const form = useForm<Plan>({
    initialValues: {
      hostId: hosts[0]?.id ?? '',
      members: [],
      kind: '',
      title: '',
      day: dayKey(clock.zone, suggestion),
      time: timeKey(clock.zone, suggestion),
      minutes: '50',
      waitingRoom: true,
    },
    validate: {
      kind: (kind, v) => (kind === 'couple' && v.members.length !== 2 ? t('plan.couple') : null),
      day: (day) => (momentAt(clock.zone, day, '12:00') ? null : t('plan.needDay')),
      time: (time, v) => {
        if (!/^\d\d:\d\d$/.test(time)) return t('plan.needTime');
        const at = momentAt(clock.zone, v.day, time);
        return at && at.getTime() < Date.now() - 5 * minute ? t('plan.past') : null;
      },
    },
  });

  const values = form.values;
  const starts = momentAt(clock.zone, values.day, values.time);
  const ends = starts ? new Date(starts.getTime() + Number(values.minutes) * minute) : null;
  const nearby = useSessions(
    starts
      ? { from: new Date(starts.getTime() - around).toISOString(), to: new Date(starts.getTime() + around).toISOString() }
      : {},
  );
  const clash = starts && ends ? clashWith(nearby.data ?? [], starts, ends) : undefined;

  function submit(plan: Plan) {
    if (!starts || !ends) return;
    schedule.mutate(
      {
        ...(plan.hostId ? { hostId: plan.hostId } : {}),
        title: plan.title.trim() || undefined,
        kind: plan.kind || kindFor(plan.members.length),
        startsAt: starts.toISOString(),
        endsAt: ends.toISOString(),
        memberIds: plan.members,
        waitingRoom: plan.waitingRoom,
      },
      {
        onSuccess: () => {
          toast.done(t('plan.done', { when: momentOf(clock, starts) }));
          onClose();
        },
      },
    );
  }

  return (
    <Dialog title={t('plan.title')} wide onClose={onClose}>
      <form noValidate onSubmit={form.onSubmit(submit)}>
        <Stack>
          {schedule.error ? <ProblemNotice error={schedule.error} /> : null}
          {hosts.length > 0 ? (
            <NativeSelect
              size="md"
              label={t('plan.host')}
              data={hosts.map((h) => ({ value: h.id, label: h.name }))}
              {...form.getInputProps('hostId')}
            />
          ) : null}
          <MultiSelect
            label={t('plan.who')}
            description={clients.length > 0 ? t('plan.whoHint') : t('plan.whoEmpty')}
            data={clients.map((c) => ({ value: c.id, label: c.name }))}
            disabled={clients.length === 0}
            searchable
            hidePickedOptions
            maxValues={12}
            nothingFoundMessage={t('plan.whoNone')}
            comboboxProps={{ withinPortal: true }}
            {...form.getInputProps('members')}
          />
          {units.length > 0 ? (
            <div className={classes.units} role="group" aria-label={t('plan.units')}>
              {units.map((unit) => (
                <Button
                  key={unit.id}
                  size="sm"
                  variant="light"
                  leftSection={<IconUsersGroup size={16} aria-hidden="true" />}
                  onClick={() =>
                    form.setValues({ members: unit.members.map((m) => m.id), kind: unit.kind === 'couple' ? 'couple' : 'group' })
                  }
                >
                  {unit.name}
                </Button>
              ))}
            </div>
          ) : null}
          <NativeSelect
            size="md"
            label={t('plan.kind')}
            data={(['individual', 'couple', 'group'] as const).map((kind) => ({ value: kind, label: t(`common:kind.${kind}`) }))}
            {...form.getInputProps('kind')}
            value={values.kind || kindFor(values.members.length)}
          />
          <div className={classes.when}>
            <TextInput type="date" label={t('plan.day')} min={dayKey(clock.zone, now)} {...form.getInputProps('day')} />
            <TextInput type="time" label={t('plan.time')} step={300} {...form.getInputProps('time')} />
            <NativeSelect
              size="md"
              label={t('plan.length')}
              data={lengths.map((n) => ({ value: String(n), label: t('common:minutes', { count: n }) }))}
              {...form.getInputProps('minutes')}
            />
          </div>
          <p className={classes.hint}>{t('plan.zone', { zone: zoneName(clock, starts ?? now) })}</p>
          {clash ? (
            <Notice tone="clay">
              {t('plan.clash', {
                title: clash.title || t(`common:kind.${clash.kind}`),
                time: rangeOf(clock, new Date(clash.startsAt), new Date(clash.endsAt)),
              })}
            </Notice>
          ) : null}
          <TextInput label={t('plan.name')} description={t('plan.nameHint')} maxLength={120} {...form.getInputProps('title')} />
          <Switch
            size="md"
            label={t('plan.waiting')}
            description={t('plan.waitingHint')}
            {...form.getInputProps('waitingRoom', { type: 'checkbox' })}
          />
          <Button type="submit" size="lg" loading={schedule.isPending}>
            {t('plan.submit')}
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}
