import '@/components/ui/fieldStyles';
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { IconSearch, IconUserPlus } from '@tabler/icons-react';
import { lazy, Suspense, useDeferredValue, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { PendingInvitations } from '@/components/people/PendingInvitations';
import { PersonList, PersonRow } from '@/components/people/PersonRow';
import { Section } from '@/components/ui/Card';
import { EmptyState } from '@/components/ui/EmptyState';
import { ProblemNotice } from '@/components/ui/Notice';
import { Page } from '@/components/ui/Page';
import { ListSkeleton } from '@/components/ui/Waiting';
import { useInvitations, usePeople } from '@/hooks/people/usePeople';
import { useMe } from '@/hooks/useMe';
import { type Invitation, isStaff, mayInvite, seesEverybody, type Person, type Role } from '@/lib/api/types';
import { type Show, matching } from '@/lib/people';
import classes from './PeoplePage.module.css';
import { NotFoundPage } from './NotFoundPage';

const InviteDialog = lazy(() => import('@/components/people/InviteDialog').then((m) => ({ default: m.InviteDialog })));
const PersonDialog = lazy(() => import('@/components/people/PersonDialog').then((m) => ({ default: m.PersonDialog })));

/** Whom one may invite; the server decides, this only hides what it would refuse. */
function inviteRoles(role: Role | undefined): Role[] {
  return role === 'admin' ? ['client', 'therapist', 'moderator', 'admin'] : ['client'];
}

export function PeoplePage() {
  const me = useMe();
  return isStaff(me) ? <People /> : <NotFoundPage />;
}

function People() {
  const { t, i18n } = useTranslation(['people', 'common']);
  const me = useMe();
  const seesAll = seesEverybody(me);
  const isAdmin = me.role === 'admin';
  const invites = mayInvite(me);
  const people = usePeople();
  const invitations = useInvitations(invites);
  const [search, setSearch] = useState('');
  const [show, setShow] = useState<Show>('everyone');
  const [inviting, setInviting] = useState<{ initial?: Invitation } | null>(null);
  const [managing, setManaging] = useState('');

  const all = people.data ?? [];
  const found = matching(all, useDeferredValue(search), show, i18n.resolvedLanguage ?? 'en');
  const open = (invitations.list.data ?? []).filter((i) => i.state === 'open');
  const managed = all.find((p) => p.id === managing);

  const inviteButton = invites ? (
    <Button leftSection={<IconUserPlus size={18} aria-hidden="true" />} onClick={() => setInviting({})}>
      {t('invite.action')}
    </Button>
  ) : null;
  const onManage = isAdmin ? (person: Person) => setManaging(person.id) : undefined;

  return (
    <Page title={t('title')} lead={seesAll ? t('lead.all') : t('lead.own')} actions={all.length > 0 ? inviteButton : null}>
      {people.isPending ? <ListSkeleton rows={5} /> : null}
      {people.isError ? <ProblemNotice error={people.error} onRetry={() => void people.refetch()} /> : null}
      {people.data && all.length === 0 ? (
        <EmptyState title={t('empty')} body={seesAll ? t('emptyBody') : t('emptyOwn')}>
          {inviteButton}
        </EmptyState>
      ) : null}
      {all.length > 0 ? (
        <>
          <div className={classes.filters} role="search">
            <TextInput
              type="search"
              aria-label={t('search')}
              placeholder={t('search')}
              leftSection={<IconSearch size={18} aria-hidden="true" />}
              value={search}
              onChange={(e) => setSearch(e.currentTarget.value)}
            />
            <NativeSelect
              size="md"
              aria-label={t('filter')}
              value={show}
              onChange={(e) => setShow(e.currentTarget.value as Show)}
              data={[
                { value: 'everyone', label: t('everyone') },
                { value: 'clients', label: t('clients') },
                { value: 'staff', label: t('staff') },
                { value: 'inactive', label: t('inactive') },
              ]}
            />
          </div>
          {found.length > 0 ? (
            <PersonList>
              {found.map((person) => (
                <PersonRow key={person.id} person={person} isMe={person.id === me.id} onManage={onManage} />
              ))}
            </PersonList>
          ) : (
            <EmptyState title={t('none')} body={t('noneBody')} />
          )}
        </>
      ) : null}
      {open.length > 0 ? (
        <Section title={t('pending.title')}>
          <PendingInvitations open={open} onRenew={(initial) => setInviting({ initial })} />
        </Section>
      ) : null}
      <Suspense fallback={null}>
        {inviting ? (
          <InviteDialog
            roles={inviteRoles(me.role)}
            initial={
              inviting.initial
                ? { name: inviting.initial.name, email: inviting.initial.email, role: inviting.initial.role }
                : undefined
            }
            therapists={isAdmin ? all.filter((p) => p.role === 'therapist' && p.active) : []}
            onClose={() => setInviting(null)}
          />
        ) : null}
        {managed ? (
          <PersonDialog
            person={managed}
            everyone={all}
            isMe={managed.id === me.id}
            onClose={() => setManaging('')}
          />
        ) : null}
      </Suspense>
    </Page>
  );
}
