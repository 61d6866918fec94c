import { Button } from '@mantine/core';
import { useCallback, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { kindOf } from '@/lib/rtc/publish';
import { type RemoteTracks } from '@/lib/rtc/subscribe';
import { RemoteAudio } from './RemoteAudio';
import classes from './VideoMeetingRoom.module.css';

/** Everybody's voice. Where the browser keeps pages silent, one press turns all of them on. */
export function RemoteSound({ tracks, speaker }: { tracks: RemoteTracks; speaker: string | undefined }) {
  const { t } = useTranslation('video');
  const [blocked, setBlocked] = useState(false);
  const [unlock, setUnlock] = useState(0);
  const onBlocked = useCallback(() => setBlocked(true), []);
  const sounds = [...tracks.values()].filter((remote) => kindOf(remote.source) === 'audio');
  return (
    <>
      {sounds.map((remote) => (
        <RemoteAudio key={remote.mid} remote={remote} speaker={speaker} onBlocked={onBlocked} unlock={unlock} />
      ))}
      {blocked ? (
        <div className={classes.unlock} role="alert">
          <p>{t('meeting.hearBody')}</p>
          <Button
            onClick={() => {
              setBlocked(false);
              setUnlock((n) => n + 1);
            }}
          >
            {t('meeting.hear')}
          </Button>
        </div>
      ) : null}
    </>
  );
}
