import { useCallback, useEffect, useRef, useState } from 'react';

interface DocumentPip {
  requestWindow(options: { width: number; height: number }): Promise<Window>;
}

/** Copies the page's styles, so that what floats looks like what it left. */
function copyStyles(from: Document, to: Document) {
  for (const node of from.querySelectorAll('style, link[rel="stylesheet"]')) to.head.append(node.cloneNode(true));
  for (const { name, value } of [...from.documentElement.attributes]) to.documentElement.setAttribute(name, value);
}

/**
 * Floats the call above other windows: a whole small document where the
 * browser can, else the stage's own video. `target` is where to render into.
 */
export function usePictureInPicture(findVideo: () => HTMLVideoElement | null, onChange: (floating: boolean) => void) {
  const [target, setTarget] = useState<Window | null>(null);
  const [active, setActive] = useState(false);
  const changed = useRef(onChange);
  useEffect(() => {
    changed.current = onChange;
  });
  useEffect(() => {
    changed.current(active);
  }, [active]);

  const open = useCallback(async () => {
    const pip = (window as Window & { documentPictureInPicture?: DocumentPip }).documentPictureInPicture;
    try {
      if (pip) {
        const opened = await pip.requestWindow({ width: 400, height: 260 });
        copyStyles(document, opened.document);
        opened.addEventListener('pagehide', () => {
          setTarget(null);
          setActive(false);
        });
        setTarget(opened);
        setActive(true);
        return;
      }
      const video = findVideo();
      if (!video) return;
      await video.requestPictureInPicture();
      video.addEventListener('leavepictureinpicture', () => setActive(false), { once: true });
      setActive(true);
    } catch {
      // The browser wants a gesture or says no; the call stays where it is.
    }
  }, [findVideo]);

  const close = useCallback(() => {
    if (target) target.close();
    else if (document.pictureInPictureElement) void document.exitPictureInPicture().catch(() => undefined);
  }, [target]);

  useEffect(() => () => target?.close(), [target]);
  return { active, target, open, close };
}
