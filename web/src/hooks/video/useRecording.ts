import { useCallback, useEffect, useMemo, useRef } from 'react';
import { useReadable } from '@/hooks/useReadable';
import { archive } from '@/lib/api/services/archive';
import { type Call } from '@/lib/rtc/call';
import { elapsed, isLive, isPaused, stageOf, subjectOf, those, type RecordingNotice } from '@/lib/rtc/recording';

/**
 * The recording of a call for one person: where it stands, where they stand
 * with it, and what they may do. A host may ask and stop; an answer is
 * everybody's own.
 */
export function useRecording(call: Call) {
  const { recording } = call;
  const snapshot = useReadable(recording.state);
  const { self, room } = useReadable(call.state);
  const { status } = snapshot;
  const isHost = room?.myRole === 'host';
  const elapsedAt = useCallback((now: number) => elapsed(snapshot, now), [snapshot]);
  const unmark = useCallback((mark: string) => (status ? archive.marks.remove(status.id, mark) : Promise.resolve()), [status]);

  return useMemo(() => {
    const stage = stageOf(status, self?.id);
    const declined = those(status, 'declined', self?.id);
    return {
      status,
      stage,
      live: isLive(status),
      /** Something was recorded, and nothing is until those who are there agree anew. */
      paused: isPaused(status),
      self: self?.id,
      isHost,
      waiting: those(status, 'wait', self?.id),
      declined,
      withdrawn: those(status, 'withdrawn', self?.id),
      /** The question came back to who asked it: some said no. */
      without: stage === 'ask' && isHost && !isPaused(status) && declined.length > 0,
      subject: (participant: string) => (isLive(status) ? subjectOf(status, participant) : undefined),
      elapsedAt,
      start: recording.start,
      stop: recording.stop,
      agree: () => recording.decide('agreed'),
      decline: () => recording.decide('declined'),
      withdraw: () => recording.decide('withdrawn'),
      mark: () => recording.mark(),
      unmark,
    };
  }, [status, self, isHost, elapsedAt, recording, unmark]);
}

export type RecordingControls = ReturnType<typeof useRecording>;

/** Calls back with what happens to the recording of a call. */
export function useRecordingNotices(call: Call, onNotice: (notice: RecordingNotice) => void) {
  const latest = useRef(onNotice);
  useEffect(() => {
    latest.current = onNotice;
  });
  useEffect(() => call.recording.on((notice) => latest.current(notice)), [call]);
}

/** Milliseconds between two looks from outside the room, where nothing is pushed. */
const glance = 10_000;

/** Whether the session is being recorded, for somebody who is about to come in. */
export function useRecordedBefore(call: Call, lobby: boolean) {
  const { status } = useReadable(call.recording.state);
  useEffect(() => {
    if (!lobby) return;
    void call.recording.refresh();
    const timer = setInterval(() => void call.recording.refresh(), glance);
    return () => clearInterval(timer);
  }, [call, lobby]);
  return isLive(status) ? status : undefined;
}
