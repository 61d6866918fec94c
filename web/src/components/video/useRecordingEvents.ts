import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { useToast } from '@/components/ui/toast';
import { type Announcer } from '@/hooks/video/useAnnouncer';
import { useRecordingNotices, type RecordingControls } from '@/hooks/video/useRecording';
import { Problem } from '@/lib/api/problem';
import { RealtimeError } from '@/lib/realtime/wire';
import { type Call } from '@/lib/rtc/call';
import { playRecordingTone } from '@/lib/rtc/level';
import { stageOf, type RecordingNotice } from '@/lib/rtc/recording';
import { spanText } from '@/lib/span';

/** What one should see as well as hear, though the page has no other place for it. */
const shown = new Set<RecordingNotice['kind']>(['started', 'resumed', 'paused', 'cancelled', 'declined', 'withdrawn']);

/**
 * Puts what happens to a recording into words and quiet tones, and does what
 * this person asks with a way back.
 */
export function useRecordingEvents(call: Call, recording: RecordingControls, announcer: Announcer) {
  const { t } = useTranslation('recording');
  const toast = useToast();

  useRecordingNotices(call, (notice) => {
    const words = 'name' in notice ? t(`say.${notice.kind}`, { name: notice.name }) : t(`say.${notice.kind}`);
    // A toast is read out by itself; over a question it would hide the answers.
    const { status } = call.recording.state.get();
    if (shown.has(notice.kind) && stageOf(status, call.state.get().self?.id) !== 'ask') toast.done(words);
    else announcer.announce(words);
    const tone = notice.kind === 'paused' || notice.kind === 'failed' || notice.kind === 'disk-full' ? 'stopped' : notice.kind;
    if (tone === 'started' || tone === 'resumed' || tone === 'stopped') void playRecordingTone(tone, call.local.state.get().speaker).catch(() => undefined);
  });

  const attempt = useCallback(
    async (act: Promise<void>) => {
      try {
        await act;
      } catch (error) {
        toast.failed(asRefusal(error));
      }
    },
    [toast],
  );

  const withdraw = () =>
    void attempt(recording.withdraw().then(() => toast.done(t('toast.withdrawn'), () => void attempt(recording.agree()))));
  const agree = () => void attempt(recording.agree().then(() => toast.done(t('toast.agreed'))));
  const bookmark = () => {
    if (!recording.isHost) return;
    if (recording.status?.state !== 'recording') {
      toast.done(t('toast.notRecording'));
      return;
    }
    void attempt(
      recording.mark().then(({ id, atMs }) =>
        toast.done(t('toast.marked', { time: spanText(atMs) }), () => void attempt(recording.unmark(id).then(() => toast.done(t('toast.unmarked'))))),
      ),
    );
  };
  return { attempt, withdraw, agree, bookmark };
}

/** The socket's refusal as the problem a toast knows: the server's own sentence, or that it was not reached. */
function asRefusal(error: unknown): unknown {
  if (!(error instanceof RealtimeError)) return error;
  return new Problem({ status: error.status, code: error.lost ? 'network' : error.code, message: error.message, retryAfter: error.retryAfter });
}
