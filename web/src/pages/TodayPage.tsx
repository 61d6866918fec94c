import { Button } from '@mantine/core';
import { IconCalendarPlus, IconVideo } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { PlanSession } from '@/components/dashboard/PlanSession';
import { NextSession } from '@/components/sessions/NextSession';
import { SessionList, SessionRow } from '@/components/sessions/SessionRow';
import { Section } from '@/components/ui/Card';
import { EmptyState } from '@/components/ui/EmptyState';
import { ProblemNotice } from '@/components/ui/Notice';
import { Page } from '@/components/ui/Page';
import { useToast } from '@/components/ui/toast';
import { ListSkeleton } from '@/components/ui/Waiting';
import { useScheduleSession, useSessions } from '@/hooks/sessions/useSessions';
import { useMe } from '@/hooks/useMe';
import { useNow } from '@/hooks/useNow';
import { useClock } from '@/hooks/usePrefs';
import { isStaff, type VideoRoom } from '@/lib/api/types';
import { arrange } from '@/lib/session';
import { dayKey, dayOf, momentAt, timeKey, zoneName } from '@/lib/time';

const GuestLinkDialog = lazy(() =>
  import('@/components/sessions/GuestLinkDialog').then((m) => ({ default: m.GuestLinkDialog })),
);

const day = 24 * 60 * 60_000;
/** How far ahead Today looks when nothing is on today, and how much of it is listed. */
const horizon = 14 * day;
const most = 4;

function partOfDay(hour: number): 'morning' | 'afternoon' | 'evening' {
  if (hour >= 4 && hour < 12) return 'morning';
  return hour >= 12 && hour < 18 ? 'afternoon' : 'evening';
}

export function TodayPage() {
  const { t } = useTranslation('sessions');
  const me = useMe();
  const staff = isStaff(me);
  const now = useNow(20_000);
  const clock = useClock();
  const toast = useToast();

  const today = dayKey(clock.zone, now);
  const from = momentAt(clock.zone, today, '00:00') ?? now;
  const rooms = useSessions({ from: from.toISOString(), to: new Date(from.getTime() + horizon).toISOString() });
  const plan = arrange(rooms.data ?? [], now, (at) => dayKey(clock.zone, at));

  const empty = rooms.data !== undefined && !plan.next && plan.rest.length === 0;

  const [planning, setPlanning] = useState(false);
  const [inviting, setInviting] = useState<{ room: VideoRoom; fresh: boolean } | null>(null);
  const schedule = useScheduleSession();

  function startNow() {
    const starts = new Date();
    schedule.mutate(
      {
        title: t('start.title'),
        kind: 'individual',
        startsAt: starts.toISOString(),
        endsAt: new Date(starts.getTime() + 50 * 60_000).toISOString(),
        memberIds: [],
        waitingRoom: true,
      },
      { onSuccess: (room) => setInviting({ room, fresh: true }), onError: toast.failed },
    );
  }

  const greeting = t(`today.greeting.${partOfDay(Number(timeKey(clock.zone, now).slice(0, 2)))}`, {
    name: me.name.split(/\s+/)[0] ?? me.name,
  });
  const invite = (room: VideoRoom) => setInviting({ room, fresh: false });
  const rows = (list: VideoRoom[], withDay = false) => (
    <SessionList>
      {list.map((room) => (
        <SessionRow key={room.id} room={room} me={me} now={now} withDay={withDay} onGuestLink={invite} />
      ))}
    </SessionList>
  );
  const actions = staff ? (
    <>
      <Button variant="light" leftSection={<IconVideo size={18} aria-hidden="true" />} loading={schedule.isPending} onClick={startNow}>
        {t('start.now')}
      </Button>
      <Button variant="light" leftSection={<IconCalendarPlus size={18} aria-hidden="true" />} onClick={() => setPlanning(true)}>
        {t('plan.action')}
      </Button>
    </>
  ) : null;

  return (
    <Page
      title={dayOf(clock, now)}
      tab={t('today.tab')}
      lead={rooms.data ? `${greeting} ${t('today.count', { count: plan.count })}` : greeting}
      actions={empty ? null : actions}
    >
      {rooms.isPending ? <ListSkeleton rows={3} height={120} /> : null}
      {rooms.isError ? <ProblemNotice error={rooms.error} onRetry={() => void rooms.refetch()} /> : null}
      {rooms.data ? (
        <>
          {plan.next ? (
            <NextSession room={plan.next} me={me} onGuestLink={invite} />
          ) : null}
          {empty ? (
            <EmptyState
              title={plan.before.length > 0 ? t('today.doneTitle') : staff ? t('today.emptyStaff') : t('today.emptyClient')}
              body={staff ? t('today.emptyStaffBody') : t('today.emptyClientBody')}
            >
              {actions}
            </EmptyState>
          ) : null}
          {plan.rest.length > 0 ? <Section title={t('today.rest')}>{rows(plan.rest)}</Section> : null}
          {plan.before.length > 0 ? <Section title={t('today.before')}>{rows(plan.before)}</Section> : null}
          {plan.upcoming.length > 0 ? (
            <Section title={t('today.upcoming')} hint={t('today.zone', { zone: zoneName(clock, now) })}>
              {rows(plan.upcoming.slice(0, most), true)}
            </Section>
          ) : null}
        </>
      ) : null}
      {planning ? <PlanSession me={me} onClose={() => setPlanning(false)} /> : null}
      <Suspense fallback={null}>
        {inviting ? (
          <GuestLinkDialog room={inviting.room} fresh={inviting.fresh} onClose={() => setInviting(null)} />
        ) : null}
      </Suspense>
    </Page>
  );
}
