import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { LogoMark } from '@/components/ui/Logo';
import { useClock } from '@/hooks/usePrefs';
import { useNow } from '@/hooks/useNow';
import { useReadable } from '@/hooks/useReadable';
import { type RecordingStatus } from '@/lib/realtime/types';
import { type LocalMedia } from '@/lib/rtc/local';
import { rangeOf, timeOf } from '@/lib/time';
import { DeviceCheck } from './DeviceCheck';
import { RecordingNotice } from './RecordingNotice';
import classes from './Lobby.module.css';

export interface LobbyRoom {
  title: string;
  kind: 'individual' | 'couple' | 'group';
  startsAt: string;
  endsAt: string;
  joinableFrom: string;
  host: { id: string; name: string };
  members: readonly { id: string; name: string }[];
  myRole: string;
  waitingRoom: boolean;
}

interface LobbyProps {
  room: LobbyRoom;
  me: { id: string; name: string };
  local: LocalMedia;
  joining: boolean;
  /** Of a recording that is asked for or made while one is not in yet. */
  recording: RecordingStatus | undefined;
  onJoin: () => void;
}

/** The last look in the mirror before a session. */
export function Lobby({ room, me, local, joining, recording, onJoin }: LobbyProps) {
  const { t } = useTranslation(['video', 'common']);
  const clock = useClock();
  const now = useNow(5_000);
  const { camera, microphone } = useReadable(local.state);
  const isHost = room.myRole === 'host';
  const early = !isHost && now < new Date(room.joinableFrom);
  const people = [room.host, ...room.members].filter((p, i, all) => p.name && p.id !== me.id && all.findIndex((q) => q.id === p.id) === i);
  const names = new Intl.ListFormat(clock.locale, { type: 'conjunction' }).format(people.map((p) => p.name));
  const starting = camera.pending || microphone.pending;

  const joinWithSound = async () => {
    await local.setCamera(false);
    onJoin();
  };

  return (
    <div className={classes.lobby}>
      <header className={classes.head}>
        <Link to="/" className={classes.home} aria-label={t('common:appName')}>
          <LogoMark />
        </Link>
      </header>
      <main className={classes.main}>
        <DeviceCheck local={local}>
          <div className={classes.join}>
            <h1 className={classes.title}>{room.title || t('lobby.title')}</h1>
            <p className={classes.meta}>
              {names ? `${t('lobby.with', { name: names })} · ` : ''}
              {rangeOf(clock, new Date(room.startsAt), new Date(room.endsAt))}
            </p>
            <p className={classes.hint}>
              {early
                ? t('lobby.early', { time: timeOf(clock, new Date(room.joinableFrom)) })
                : isHost
                  ? t('lobby.host')
                  : room.waitingRoom && room.host.name
                    ? t('lobby.waitingRoom', { name: room.host.name })
                    : t('lobby.signedInAs', { name: me.name })}
            </p>
            {!camera.on && !microphone.on && !starting ? <p className={classes.hint}>{t('lobby.silent')}</p> : null}
            <RecordingNotice status={recording} />
            <div className={classes.actions}>
              <Button size="lg" className={classes.go} onClick={onJoin} disabled={early} loading={joining} loaderProps={{ type: 'dots' }}>
                {t('lobby.join')}
              </Button>
              {camera.on ? (
                <Button size="lg" variant="default" onClick={() => void joinWithSound()} disabled={early || joining}>
                  {t('lobby.joinAudio')}
                </Button>
              ) : null}
            </div>
          </div>
        </DeviceCheck>
      </main>
    </div>
  );
}
