import { useEffect, useRef, useState } from 'react';
import { markFrame } from '@/lib/rtc/marks';
import classes from './VideoTile.module.css';

interface TileVideoProps {
  stream: MediaStream;
  /** Whose picture: a change hides the old frame until the new one is there. */
  owner: string;
  fit: 'cover' | 'contain';
  mirrored?: boolean;
  remote?: boolean;
}

type FrameVideo = HTMLVideoElement & {
  requestVideoFrameCallback?: (callback: () => void) => number;
  cancelVideoFrameCallback?: (id: number) => void;
};

/**
 * The picture of a tile. It stays hidden until a frame of its owner was
 * painted, so that nobody's face ever stands under somebody else's name.
 */
export function TileVideo({ stream, owner, fit, mirrored = false, remote = false }: TileVideoProps) {
  const element = useRef<HTMLVideoElement>(null);
  const [painted, setPainted] = useState('');

  useEffect(() => {
    const video = element.current as FrameVideo | null;
    if (!video) return;
    if (video.srcObject !== stream) video.srcObject = stream;
    video.play()?.catch(() => undefined); // muted video may always play; an interrupted play() is followed by another
    const shown = () => {
      if (remote) markFrame();
      setPainted(owner);
    };
    if (video.requestVideoFrameCallback && video.cancelVideoFrameCallback) {
      const id = video.requestVideoFrameCallback(shown);
      return () => video.cancelVideoFrameCallback?.(id);
    }
    video.addEventListener('timeupdate', shown, { once: true });
    return () => video.removeEventListener('timeupdate', shown);
  }, [stream, owner, remote]);

  // A removed element keeps its newest frame until it is collected. Frames of a
  // camera are few, and each one kept is missing there: the camera stands still.
  useEffect(() => {
    const video = element.current;
    return () => {
      if (video) video.srcObject = null;
    };
  }, []);

  return (
    <video
      ref={element}
      className={classes.video}
      data-fit={fit}
      data-mirrored={mirrored || undefined}
      data-painted={painted === owner || undefined}
      aria-hidden="true"
      tabIndex={-1}
      autoPlay
      playsInline
      muted
      disablePictureInPicture={!remote}
    />
  );
}
