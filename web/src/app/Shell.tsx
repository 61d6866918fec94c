import { ActionIcon } from '@mantine/core';
import { IconCalendarEvent, IconLogout, IconMovie, IconSun, IconUserCircle, IconUsers } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link, Navigate, NavLink, Outlet } from 'react-router';
import { OfflineIndicator } from '@/components/offline/OfflineIndicator';
import { Initials } from '@/components/ui/Initials';
import { LogoMark } from '@/components/ui/Logo';
import { useToast } from '@/components/ui/toast';
import { useSignOut } from '@/hooks/account/useSignIn';
import { useMe } from '@/hooks/useMe';
import { useSocket } from '@/hooks/useSocket';
import { isStaff } from '@/lib/api/types';
import classes from './Shell.module.css';
import { useGoKeys } from './useGoKeys';

/** Navigation around the everyday pages: a rail on wide screens, tabs at the thumb on phones. */
export function Shell() {
  const { t } = useTranslation();
  const me = useMe();
  const toast = useToast();
  const signOut = useSignOut();
  useGoKeys(isStaff(me));
  useSocket(); // pushes refresh what the pages show

  // A guest has one session and nothing else to see.
  if (me.kind === 'guest') return <Navigate to={me.room ? `/rooms/${me.room}` : '/guest'} replace />;

  const places = [
    { to: '/', label: t('nav.today'), Icon: IconSun, shown: true },
    { to: '/sessions', label: t('nav.sessions'), Icon: IconCalendarEvent, shown: true },
    { to: '/recordings', label: t('nav.recordings'), Icon: IconMovie, shown: true },
    { to: '/people', label: t('nav.people'), Icon: IconUsers, shown: isStaff(me) },
    { to: '/account', label: t('nav.account'), Icon: IconUserCircle, shown: true },
  ];

  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#content">
        {t('skip')}
      </a>
      <header className={classes.side}>
        <div className={classes.top}>
          <Link to="/" className={classes.brand}>
            <LogoMark />
            {t('appName')}
          </Link>
        </div>
        <nav className={classes.nav} aria-label={t('nav.label')}>
          <ul>
            {places
              .filter((place) => place.shown)
              .map(({ to, label, Icon }) => (
                <li key={to}>
                  <NavLink to={to} end={to === '/'} className={classes.link ?? ''}>
                    <span className={classes.icon}>
                      <Icon size={22} stroke={1.75} aria-hidden="true" />
                    </span>
                    {label}
                  </NavLink>
                </li>
              ))}
          </ul>
        </nav>
        <div className={classes.me}>
          <Initials id={me.id} name={me.name} />
          <span className={classes.meWords}>
            <span className={classes.meName}>{me.name}</span>
            <span className={classes.meRole}>{me.role ? t(`role.${me.role}`) : null}</span>
          </span>
          <ActionIcon
            aria-label={t('nav.signOut')}
            title={t('nav.signOut')}
            loading={signOut.isPending}
            onClick={() => signOut.mutate(undefined, { onError: toast.failed })}
          >
            <IconLogout size={20} stroke={1.75} />
          </ActionIcon>
        </div>
      </header>
      <main id="content" className={classes.main} tabIndex={-1}>
        <OfflineIndicator />
        <Outlet />
      </main>
    </div>
  );
}
