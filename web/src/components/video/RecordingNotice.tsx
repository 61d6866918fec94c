import { useTranslation } from 'react-i18next';
import { Notice } from '@/components/ui/Notice';
import { type RecordingStatus } from '@/lib/realtime/types';

/** In the lobby: what awaits, before one's camera is seen by anybody. */
export function RecordingNotice({ status }: { status: RecordingStatus | undefined }) {
  const { t } = useTranslation('recording');
  return (
    <div aria-live="polite">
      {status ? (
        <Notice tone="clay">
          <p>
            <strong>{status.startedAt ? t('lobby.title') : t('lobby.asking')}</strong>
          </p>
          <p>{t('lobby.body')}</p>
        </Notice>
      ) : null}
    </div>
  );
}
