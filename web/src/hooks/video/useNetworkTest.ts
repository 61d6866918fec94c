import { useCallback, useEffect, useRef, useState } from 'react';
import { useSocket } from '@/hooks/useSocket';
import { type LocalMedia } from '@/lib/rtc/local';
import { testNetwork, type PrecallResult } from '@/lib/rtc/precall';

/** Runs the loopback test on demand; leaving the page ends it. */
export function useNetworkTest(local: LocalMedia) {
  const socket = useSocket();
  const [running, setRunning] = useState(false);
  const [progress, setProgress] = useState(0);
  const [result, setResult] = useState<PrecallResult>();
  const abort = useRef<AbortController>(undefined);
  useEffect(() => () => abort.current?.abort(), []);

  const run = useCallback(async () => {
    abort.current?.abort();
    const controller = new AbortController();
    abort.current = controller;
    setRunning(true);
    setProgress(0);
    const { camera, microphone } = local.state.get();
    // Copies, so that the test cannot stop what the preview shows.
    const tracks = [camera.track, microphone.track].filter((t) => t !== undefined && t.readyState === 'live').map((t) => (t as MediaStreamTrack).clone());
    try {
      const outcome = await testNetwork({
        signaling: {
          offer: async (sdp, infos) => (await socket.call('precall.offer', { sdp, tracks: infos }, { signal: controller.signal })).sdp,
          end: () => void socket.call('precall.end', {}, { wait: false }).catch(() => undefined),
        },
        tracks,
        onProgress: setProgress,
        signal: controller.signal,
      });
      if (!controller.signal.aborted) setResult(outcome);
    } catch {
      if (!controller.signal.aborted) setResult({ verdict: 'failed', advice: 'no-path', rttMs: 0, loss: 0, bitrate: 0, transport: '' });
    } finally {
      for (const track of tracks) track.stop();
      if (!controller.signal.aborted) setRunning(false);
    }
  }, [local, socket]);

  return { running, progress, result, run };
}
