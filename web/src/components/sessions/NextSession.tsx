import { Button } from '@mantine/core';
import { IconDeviceComputerCamera, IconLink, IconVideo } from '@tabler/icons-react';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { InitialsStack } from '@/components/ui/Initials';
import { useNow } from '@/hooks/useNow';
import { type Me, type VideoRoom } from '@/lib/api/types';
import { canJoin, phaseOf } from '@/lib/session';
import classes from './NextSession.module.css';
import { SessionState, WaitingPill } from './SessionState';
import { useSessionWords } from './useSessionWords';

interface NextSessionProps {
  room: VideoRoom;
  me: Me;
  onGuestLink: (room: VideoRoom) => void;
}

/** The session that matters now, large: when, who, and one press to be there. */
export function NextSession({ room, me, onGuestLink }: NextSessionProps) {
  const { t } = useTranslation('sessions');
  const now = useNow(1000);
  const words = useSessionWords(room, me, now);
  const phase = phaseOf(room, now);
  const joinable = canJoin(room, now);
  const id = useId();
  return (
    <section className={classes.card} aria-labelledby={id}>
      <div className={classes.top}>
        <p className={classes.eyebrow}>{phase === 'live' ? t('today.now') : t('today.next')}</p>
        <div className={classes.pills}>
          <WaitingPill count={room.waiting} />
          <SessionState phase={phase} />
        </div>
      </div>
      <div>
        <h2 id={id} className={classes.title}>
          {words.title}
        </h2>
        <p className={classes.time}>
          {words.isToday ? null : `${words.day}, `}
          {words.time}{' '}
          <span className={classes.when} role="timer">
            · {words.when}
          </span>
        </p>
      </div>
      <p className={classes.who}>
        {words.others.length > 0 ? <InitialsStack people={words.others} /> : null}
        <span>{words.names}</span>
      </p>
      <div className={classes.actions}>
        {joinable ? (
          <Button component={Link} to={`/rooms/${room.id}`} size="lg" leftSection={<IconVideo size={22} aria-hidden="true" />}>
            {t('join')}
          </Button>
        ) : (
          <p className={classes.hint}>{words.joinFrom}</p>
        )}
        {room.myRole === 'host' ? (
          <Button variant="subtle" leftSection={<IconLink size={18} aria-hidden="true" />} onClick={() => onGuestLink(room)}>
            {t('guest.action')}
          </Button>
        ) : null}
        <Button component={Link} to="/check" variant="subtle" leftSection={<IconDeviceComputerCamera size={18} aria-hidden="true" />}>
          {t('checkDevices')}
        </Button>
      </div>
    </section>
  );
}
