import { useCallback, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useToast } from '@/components/ui/toast';
import { type Announcer } from '@/hooks/video/useAnnouncer';
import { useDeviceEvents } from '@/hooks/video/useVideoControls';
import { type Call } from '@/lib/rtc/call';
import { playKnock } from '@/lib/rtc/level';

/** Puts what happens into words: spoken for screen readers, as toasts where one should act. */
export function useMeetingNotices(call: Call, announcer: Announcer) {
  const { t } = useTranslation(['video', 'precall']);
  const toast = useToast();

  useEffect(
    () =>
      call.on('notice', ({ kind, name }) => {
        announcer.announce(t(`say.${kind}`, { name }));
        if (kind === 'knock') void playKnock(call.local.state.get().speaker).catch(() => undefined);
      }),
    [call, announcer, t],
  );
  useEffect(
    () =>
      call.on('muted', ({ source }) => {
        const words = { microphone: 'toast.mutedByHost', camera: 'toast.cameraByHost', screen: 'toast.screenByHost', 'screen-audio': 'toast.screenByHost' } as const;
        toast.done(t(words[source]));
      }),
    [call, toast, t],
  );
  useDeviceEvents(call, {
    fallback: useCallback(
      ({ kind, label }: { kind: 'camera' | 'microphone'; label?: string }) => {
        if (kind === 'camera') toast.done(label ? t('toast.camFallback', { label }) : t('toast.camLost'));
        else toast.done(label ? t('toast.micFallback', { label }) : t('toast.micLost'));
      },
      [toast, t],
    ),
    failed: useCallback(
      ({ kind, reason }: { kind: 'camera' | 'microphone' | 'screen' | 'blur'; reason: string }) => {
        if (kind === 'blur') toast.done(reason === 'slow' ? t('precall:blur.slow') : t('precall:blur.unsupported'));
        else toast.done(t(kind === 'screen' ? 'toast.screenFailed' : kind === 'camera' ? 'toast.camFailed' : 'toast.micFailed'));
      },
      [toast, t],
    ),
  });
  useEffect(() => call.local.on('screenEnded', () => toast.done(t('toast.shareEnded'))), [call, toast, t]);
}
