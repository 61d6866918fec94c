import { useEffect, useRef } from 'react';
import { type RemoteTrack } from '@/lib/rtc/subscribe';

interface RemoteAudioProps {
  remote: RemoteTrack;
  speaker: string | undefined;
  /** The browser wants a gesture before it makes a sound. */
  onBlocked: () => void;
  /** Changes when the person gave that gesture: try again. */
  unlock: number;
}

/** One person's voice, or the sound of their screen. It shows nothing. */
export function RemoteAudio({ remote, speaker, onBlocked, unlock }: RemoteAudioProps) {
  const element = useRef<HTMLAudioElement>(null);
  const blocked = useRef(onBlocked);
  useEffect(() => {
    blocked.current = onBlocked;
  });

  useEffect(() => {
    const audio = element.current;
    if (!audio) return;
    if (audio.srcObject !== remote.stream) audio.srcObject = remote.stream;
    audio.play()?.catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'NotAllowedError') blocked.current();
    });
  }, [remote.stream, unlock]);

  useEffect(() => {
    const audio = element.current;
    if (!audio || speaker === undefined || !('setSinkId' in audio)) return;
    audio.setSinkId(speaker).catch(() => undefined); // gone meanwhile: the system's own speaker plays
  }, [speaker]);

  // eslint-disable-next-line jsx-a11y/media-has-caption -- live speech; there is nothing to caption it with
  return <audio ref={element} autoPlay data-participant={remote.participant} data-source={remote.source} />;
}
