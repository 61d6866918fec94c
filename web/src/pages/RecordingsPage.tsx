import { Button } from '@mantine/core';
import { IconSettings } from '@tabler/icons-react';
import { useDeferredValue } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import { RecordingFilters, states, type Filters } from '@/components/recordings/RecordingFilters';
import { RecordingPanel } from '@/components/recordings/RecordingPanel';
import { RecordingList, RecordingRow } from '@/components/recordings/RecordingRow';
import { EmptyState } from '@/components/ui/EmptyState';
import { ProblemNotice } from '@/components/ui/Notice';
import { Page } from '@/components/ui/Page';
import { useToast } from '@/components/ui/toast';
import { ListSkeleton } from '@/components/ui/Waiting';
import { useColleagues, usePeople } from '@/hooks/people/usePeople';
import { useErase, useRecordings } from '@/hooks/recordings/useArchive';
import { useMe } from '@/hooks/useMe';
import { useClock } from '@/hooks/usePrefs';
import { type ArchiveFilter } from '@/lib/api/services/archive';
import { isStaff } from '@/lib/api/types';
import { momentAt } from '@/lib/time';

const names = ['q', 'person', 'state', 'tag', 'from', 'to'] as const satisfies readonly (keyof Filters)[];
const day = 24 * 60 * 60_000;

/** The address's filters as the server's; days are those of the viewer. */
function asked(filters: Filters, zone: string): ArchiveFilter {
  const state = states.find((s) => s === filters.state);
  const from = momentAt(zone, filters.from, '00:00');
  // The last day counts whole; days of 23 and 25 hours are cut where the zone cuts them.
  const last = momentAt(zone, filters.to, '12:00');
  const to = last ? momentAt(zone, new Date(last.getTime() + day).toISOString().slice(0, 10), '00:00') : null;
  return {
    ...(from ? { from: from.toISOString() } : {}),
    ...(to ? { to: to.toISOString() } : {}),
    ...(filters.person ? { person: filters.person } : {}),
    ...(state ? { state: [state] } : {}),
    ...(filters.tag ? { tag: filters.tag } : {}),
    ...(filters.q.trim() ? { q: filters.q.trim() } : {}),
  };
}

/** Recordings this person may know of: /recordings, one of them open by ?open= */
export function RecordingsPage() {
  const { t } = useTranslation('recordings');
  const me = useMe();
  const staff = isStaff(me);
  const clock = useClock();
  const toast = useToast();
  const [query, setQuery] = useSearchParams();
  const filters = Object.fromEntries(names.map((name) => [name, query.get(name) ?? ''])) as unknown as Filters;
  const filter = useDeferredValue(asked(filters, clock.zone));
  const recordings = useRecordings(filter);
  const people = usePeople(staff);
  const colleagues = useColleagues(staff && query.has('open'));
  const { pending, erase, undo } = useErase(toast.failed);

  const all = recordings.data ?? [];
  const tags = [...new Set([...all.flatMap((r) => r.tags ?? []), ...(filters.tag ? [filters.tag] : [])])].sort();
  const filtered = names.some((name) => filters[name] !== '');
  const open = query.get('open') ?? '';

  const change = (next: Record<string, string>) =>
    setQuery(
      (now) => {
        for (const [name, value] of Object.entries(next)) {
          if (value) now.set(name, value);
          else now.delete(name);
        }
        return now;
      },
      { replace: true, preventScrollReset: true },
    );
  const keep = ({ id }: { id: string }) => {
    undo(id);
    toast.done(t('row.kept'));
  };

  return (
    <Page
      title={t('title')}
      lead={!staff ? t('lead.client') : me.role === 'admin' ? t('lead.proof') : t('lead.staff')}
      actions={
        me.role === 'admin' ? (
          <Button component={Link} to="/settings/retention" variant="light" leftSection={<IconSettings size={18} aria-hidden="true" />}>
            {t('settings')}
          </Button>
        ) : null
      }
    >
      {all.length > 0 || filtered ? (
        <RecordingFilters filters={filters} people={(people.data ?? []).filter((p) => p.role === 'client')} tags={tags} onChange={change} />
      ) : null}
      {recordings.isPending ? <ListSkeleton rows={4} /> : null}
      {recordings.isError ? <ProblemNotice error={recordings.error} onRetry={() => void recordings.refetch()} /> : null}
      {recordings.data && all.length === 0 ? (
        filtered ? (
          <EmptyState title={t('empty.none')} body={t('empty.noneBody')} />
        ) : (
          <EmptyState title={t('empty.title')} body={staff ? t('empty.staff') : t('empty.client')} />
        )
      ) : null}
      {all.length > 0 ? (
        <RecordingList>
          {all.map((recording) => (
            <RecordingRow key={recording.id} recording={recording} me={me} open={recording.id === open} pending={pending.get(recording.id)} onOpen={({ id }) => change({ open: id })} onUndo={keep} />
          ))}
        </RecordingList>
      ) : null}
      {open ? (
        <RecordingPanel
          key={open}
          recording={open}
          me={me}
          colleagues={colleagues.data ?? []}
          pending={pending.get(open)}
          onErase={erase}
          onUndo={keep}
          onClose={() => change({ open: '' })}
        />
      ) : null}
    </Page>
  );
}
