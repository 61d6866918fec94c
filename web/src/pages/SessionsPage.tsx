import { Button } from '@mantine/core';
import { IconCalendarPlus } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { PlanSession } from '@/components/dashboard/PlanSession';
import { SessionList, SessionRow } from '@/components/sessions/SessionRow';
import { Section } from '@/components/ui/Card';
import { EmptyState } from '@/components/ui/EmptyState';
import { ProblemNotice } from '@/components/ui/Notice';
import { Page } from '@/components/ui/Page';
import { Tabs } from '@/components/ui/Tabs';
import { ListSkeleton } from '@/components/ui/Waiting';
import { useRecordings } from '@/hooks/recordings/useArchive';
import { useSessions } from '@/hooks/sessions/useSessions';
import { useMe } from '@/hooks/useMe';
import { useNow } from '@/hooks/useNow';
import { useClock } from '@/hooks/usePrefs';
import { isStaff, type VideoRoom } from '@/lib/api/types';
import { isOver, phaseOf } from '@/lib/session';
import { dayKey, dayOf, momentAt, zoneName } from '@/lib/time';

const GuestLinkDialog = lazy(() =>
  import('@/components/sessions/GuestLinkDialog').then((m) => ({ default: m.GuestLinkDialog })),
);

const day = 24 * 60 * 60_000;
const kept = 90 * day;
const ahead = 180 * day;

/** Sessions of one calendar day, in the order they were given. */
function byDay(rooms: readonly VideoRoom[], zone: string): [string, VideoRoom[]][] {
  const days = new Map<string, VideoRoom[]>();
  for (const room of rooms) {
    const key = dayKey(zone, new Date(room.startsAt));
    days.set(key, [...(days.get(key) ?? []), room]);
  }
  return [...days];
}

export function SessionsPage() {
  const { t } = useTranslation('sessions');
  const me = useMe();
  const staff = isStaff(me);
  const clock = useClock();
  const now = useNow(30_000);
  const [query] = useSearchParams();
  const past = query.get('show') === 'past';

  const today = momentAt(clock.zone, dayKey(clock.zone, now), '00:00') ?? now;
  const span = past
    ? { from: new Date(today.getTime() - kept).toISOString(), to: new Date(today.getTime() + day).toISOString() }
    : { from: today.toISOString(), to: new Date(today.getTime() + ahead).toISOString() };
  const rooms = useSessions(span);
  const recordings = useRecordings(span, past);
  const recorded = new Map((recordings.data ?? []).filter((r) => r.startedAt).map((r) => [r.roomId, r.id]));
  const shown = (rooms.data ?? []).filter((room) => isOver(phaseOf(room, now)) === past);
  const days = byDay(past ? shown.reverse() : shown, clock.zone);

  const [planning, setPlanning] = useState(false);
  const [inviting, setInviting] = useState<VideoRoom | null>(null);

  const planButton = staff ? (
    <Button variant="light" leftSection={<IconCalendarPlus size={18} aria-hidden="true" />} onClick={() => setPlanning(true)}>
      {t('plan.action')}
    </Button>
  ) : null;

  return (
    <Page
      title={t('list.title')}
      lead={past ? t('list.pastHint') : t('today.zone', { zone: zoneName(clock, now) })}
      actions={planButton}
    >
      <Tabs
        label={t('list.show')}
        tabs={[
          { to: '/sessions', label: t('list.upcoming'), current: !past },
          { to: '/sessions?show=past', label: t('list.past'), current: past },
        ]}
      />
      {rooms.isPending ? <ListSkeleton rows={4} /> : null}
      {rooms.isError ? <ProblemNotice error={rooms.error} onRetry={() => void rooms.refetch()} /> : null}
      {rooms.data && days.length === 0 ? (
        past ? (
          <EmptyState title={t('list.emptyPast')} body={t('list.emptyPastBody')} />
        ) : (
          <EmptyState
            title={t('list.emptyUpcoming')}
            body={staff ? t('list.emptyUpcomingStaff') : t('list.emptyUpcomingClient')}
          />
        )
      ) : null}
      {days.map(([key, list]) => (
        <Section key={key} title={dayOf(clock, new Date(list[0]?.startsAt ?? now), now)}>
          <SessionList>
            {list.map((room) => (
              <SessionRow key={room.id} room={room} me={me} now={now} onGuestLink={setInviting} recordings={recorded.has(room.id) ? `/recordings?open=${recorded.get(room.id)}` : undefined} />
            ))}
          </SessionList>
        </Section>
      ))}
      {planning ? <PlanSession me={me} onClose={() => setPlanning(false)} /> : null}
      <Suspense fallback={null}>
        {inviting ? <GuestLinkDialog room={inviting} onClose={() => setInviting(null)} /> : null}
      </Suspense>
    </Page>
  );
}
