import { useCallback, useEffect, useRef, useState } from 'react';
import { useReadable } from '@/hooks/useReadable';
import { type Call } from '@/lib/rtc/call';
import { type LocalEvents } from '@/lib/rtc/local';

/** Milliseconds in which an unmute can be taken back. */
export const undoTime = 5_000;

export interface VideoControlsState {
  microphone: boolean;
  camera: boolean;
  screen: boolean;
  pending: { microphone: boolean; camera: boolean; screen: boolean };
  hand: boolean;
  audioOnly: boolean;
  /** Held to talk right now. */
  talking: boolean;
  /** Just unmuted by a key or a click: offer the way back. */
  unmuted: boolean;
}

/** Camera, microphone, screen and hand of this person, and what may be done with each. */
export function useVideoControls(call: Call) {
  const local = useReadable(call.local.state);
  const room = useReadable(call.state);
  const audioOnly = useReadable(call.audioOnly);
  const [talking, setTalking] = useState(false);
  const [unmuted, setUnmuted] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const hand = room.self?.handRaised ?? false;

  const settle = useCallback(() => {
    clearTimeout(timer.current);
    setUnmuted(false);
  }, []);
  useEffect(() => () => clearTimeout(timer.current), []);

  const setMicrophone = useCallback(
    async (on: boolean) => {
      settle();
      await call.local.setMicrophone(on);
      if (!on || !call.local.state.get().microphone.on) return;
      setUnmuted(true);
      timer.current = setTimeout(() => setUnmuted(false), undoTime);
    },
    [call, settle],
  );
  const toggleMicrophone = useCallback(() => setMicrophone(!call.local.state.get().microphone.on), [call, setMicrophone]);
  const undoUnmute = useCallback(() => setMicrophone(false), [setMicrophone]);

  const toggleCamera = useCallback(async () => {
    const on = !call.local.state.get().camera.on;
    if (on && call.audioOnly.get()) await call.setAudioOnly(false);
    await call.local.setCamera(on);
  }, [call]);

  const toggleScreen = useCallback(async () => {
    if (call.local.state.get().screen.on) call.local.stopScreen();
    else await call.local.startScreen();
  }, [call]);

  const toggleHand = useCallback(async () => {
    const raised = call.state.get().self?.handRaised ?? false;
    await call.raiseHand(!raised).catch(() => undefined);
  }, [call]);

  /** Hold to talk: only from silence, and back to silence on release. */
  const pushToTalk = useCallback(
    (down: boolean) => {
      const { on, track } = call.local.state.get().microphone;
      if (down) {
        if (on || !track) return;
        setTalking(true);
        void call.local.setMicrophone(true);
      } else {
        setTalking((was) => {
          if (was) void call.local.setMicrophone(false);
          return false;
        });
      }
    },
    [call],
  );

  const setAudioOnly = useCallback((on: boolean) => call.setAudioOnly(on), [call]);

  const state: VideoControlsState = {
    microphone: local.microphone.on,
    camera: local.camera.on,
    screen: local.screen.on,
    pending: { microphone: local.microphone.pending, camera: local.camera.pending, screen: local.screen.pending },
    hand,
    audioOnly,
    talking,
    unmuted,
  };
  return { ...state, setMicrophone, toggleMicrophone, undoUnmute, toggleCamera, toggleScreen, toggleHand, pushToTalk, setAudioOnly };
}

export type VideoControls = ReturnType<typeof useVideoControls>;

/** Tells of devices that vanished or refused, for the page to put in words. */
export function useDeviceEvents(
  call: Pick<Call, 'local'>,
  handlers: { fallback: (e: LocalEvents['fallback']) => void; failed: (e: LocalEvents['failed']) => void },
) {
  const latest = useRef(handlers);
  useEffect(() => {
    latest.current = handlers;
  });
  useEffect(() => {
    const offs = [
      call.local.on('fallback', (e) => latest.current.fallback(e)),
      call.local.on('failed', (e) => latest.current.failed(e)),
    ];
    return () => offs.forEach((off) => off());
  }, [call]);
}
