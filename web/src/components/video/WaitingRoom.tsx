import { Button } from '@mantine/core';
import { IconDoor } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useClock } from '@/hooks/usePrefs';
import { type Participant, type RecordingStatus, type VideoRoom } from '@/lib/realtime/types';
import { type LocalMedia } from '@/lib/rtc/local';
import { timeOf } from '@/lib/time';
import { DeviceFields } from './DeviceFields';
import { DeviceProblems } from './DeviceProblems';
import { RecordingNotice } from './RecordingNotice';
import { SelfPreview } from './SelfPreview';
import classes from './WaitingRoom.module.css';

interface WaitingRoomProps {
  room: VideoRoom;
  self: Participant;
  local: LocalMedia;
  /** The host is in the room; unknown to those who may not see who is. */
  hostHere?: boolean;
  recording: RecordingStatus | undefined;
  onLeave: () => void;
}

/** A calm place to wait: what happens next, oneself in the mirror, and the way out. */
export function WaitingRoom({ room, self, local, hostHere, recording, onLeave }: WaitingRoomProps) {
  const { t } = useTranslation('video');
  const clock = useClock();
  const heading = useRef<HTMLHeadingElement>(null);
  const [loaded] = useState(() => new Date());
  const early = new Date(room.startsAt) > loaded;
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);

  const { name } = room.host;
  return (
    <main className={classes.room}>
      <div className={classes.card}>
        <div className={classes.words}>
          <span className={classes.icon} aria-hidden="true">
            <IconDoor size={36} />
          </span>
          <h1 ref={heading} tabIndex={-1} className={classes.title}>
            {t('door.title')}
          </h1>
          <p role="status" className={classes.lead}>
            {!name ? t('door.bodyPlain') : hostHere === false ? t('door.away', { name }) : t('door.body', { name })}
          </p>
          <p className={classes.soft}>{t('door.private')}</p>
          <p className={classes.soft}>
            {early ? t('door.starts', { time: timeOf(clock, new Date(room.startsAt)) }) : t('door.since', { time: timeOf(clock, new Date(self.joinedAt)) })}
          </p>
          <RecordingNotice status={recording} />
          <Button variant="default" onClick={onLeave}>
            {t('door.leave')}
          </Button>
        </div>
        <div className={classes.self}>
          <SelfPreview local={local} compact />
          <DeviceProblems local={local} />
          <DeviceFields local={local} />
        </div>
      </div>
    </main>
  );
}
