import { useEffect, useState } from 'react';
import { type Player } from '@/lib/recording/player';
import { Thumbnails } from '@/lib/recording/thumbs';

/** The picture of a track costs a request; a pointer that only passes is not worth one. */
const dwellMs = 120;

function draw(media: unknown): string {
  const video = media as HTMLVideoElement;
  const canvas = document.createElement('canvas');
  canvas.width = 288;
  canvas.height = 162;
  const scale = Math.max(canvas.width / video.videoWidth, canvas.height / video.videoHeight);
  const [w, h] = [video.videoWidth * scale, video.videoHeight * scale];
  canvas.getContext('2d')?.drawImage(video, (canvas.width - w) / 2, (canvas.height - h) / 2, w, h);
  return canvas.toDataURL('image/jpeg', 0.7);
}

/** What the timeline shows above the pointer: the screen where one is shared, else the first camera that is on. */
export function useThumbnail(player: Player, atMs: number | undefined): string | undefined {
  const [thumbs, setThumbs] = useState<Thumbnails>();
  const [picture, setPicture] = useState<string>();
  useEffect(() => () => thumbs?.end(), [thumbs]);
  const moment = atMs === undefined ? undefined : Math.floor(atMs / 500) * 500;
  const lanes = moment === undefined ? [] : player.lanes.filter((l) => l.track.kind === 'video' && l.has(moment));
  const track = (lanes.find((l) => l.track.source === 'screen') ?? lanes[0])?.track;
  useEffect(() => {
    if (moment === undefined || track === undefined) return;
    let left = false;
    const timer = setTimeout(() => {
      let maker = thumbs;
      if (!maker) {
        maker = new Thumbnails(document.createElement('video'), draw);
        setThumbs(maker);
      }
      void maker.at(track, moment).then((made) => {
        if (!left && made) setPicture(made);
      });
    }, dwellMs);
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [track, moment, thumbs]);
  return track === undefined ? undefined : picture;
}
