import { Button } from '@mantine/core';
import { IconLink, IconMovie } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { type Me, type VideoRoom } from '@/lib/api/types';
import { canJoin, phaseOf } from '@/lib/session';
import { AttendancePanel } from './AttendancePanel';
import classes from './SessionRow.module.css';
import { SessionState, WaitingPill } from './SessionState';
import { useSessionWords } from './useSessionWords';

interface SessionRowProps {
  room: VideoRoom;
  me: Me;
  now: Date;
  /** The day stands in the time column when no heading above says it. */
  withDay?: boolean;
  onGuestLink?: (room: VideoRoom) => void;
  /** Where its recordings are listed; absent when there is none. */
  recordings?: string | undefined;
}

export function SessionList({ children }: { children: ReactNode }) {
  return <ul className={classes.list}>{children}</ul>;
}

/** Milliseconds before the start from which a row offers to join: a list of buttons is no calm list. */
const soon = 60 * 60_000;

/** One session of a list, with what one may do with it. */
export function SessionRow({ room, me, now, withDay = false, onGuestLink, recordings }: SessionRowProps) {
  const { t } = useTranslation('sessions');
  const [shown, setShown] = useState(false);
  const words = useSessionWords(room, me, now);
  const phase = phaseOf(room, now);
  const hosts = room.myRole === 'host';
  const offered = canJoin(room, now) && new Date(room.startsAt).getTime() - now.getTime() < soon;
  return (
    <li className={classes.row}>
      <div className={classes.body}>
        <p className={classes.time}>
          {withDay ? <span className={classes.day}>{words.shortDay}</span> : null}
          {words.time}
        </p>
        <div className={classes.words}>
          <p className={classes.title}>{words.title}</p>
          <p className={classes.names}>{words.names}</p>
        </div>
        <div className={classes.state}>
          <WaitingPill count={room.waiting} />
          <SessionState phase={phase} />
        </div>
        <div className={classes.actions}>
          {hosts && onGuestLink && phase !== 'ended' && phase !== 'missed' ? (
            <Button size="sm" variant="subtle" leftSection={<IconLink size={16} aria-hidden="true" />} onClick={() => onGuestLink(room)}>
              {t('guest.action')}
            </Button>
          ) : null}
          {offered ? (
            <Button
              component={Link}
              to={`/rooms/${room.id}`}
              size="sm"
              variant={phase === 'live' ? 'filled' : 'light'}
              aria-label={t('joinNamed', { title: words.title })}
            >
              {t('join')}
            </Button>
          ) : null}
          {recordings ? (
            <Button component={Link} to={recordings} size="sm" variant="subtle" leftSection={<IconMovie size={16} aria-hidden="true" />} aria-label={t('recordingOf', { title: words.title })}>
              {t('recording')}
            </Button>
          ) : null}
          {hosts && phase === 'ended' ? (
            <Button size="sm" variant="subtle" aria-expanded={shown} onClick={() => setShown(!shown)}>
              {shown ? t('hideDetails') : t('details')}
            </Button>
          ) : null}
        </div>
      </div>
      {shown ? <AttendancePanel room={room} title={words.title} /> : null}
    </li>
  );
}
