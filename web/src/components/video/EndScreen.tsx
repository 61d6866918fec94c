import { Anchor, Button } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconDevices, IconDoorOff, IconHourglassOff, IconLock, IconRefresh, IconSearchOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useTitle } from '@/components/ui/Page';
import { FullScreen } from './FullScreen';

export type EndKind = 'left' | 'ended' | 'kicked' | 'denied' | 'replaced' | 'failed' | 'notFound' | 'signedOut' | 'outdated';

const icons = {
  left: IconCircleCheck,
  ended: IconCircleCheck,
  kicked: IconDoorOff,
  denied: IconHourglassOff,
  replaced: IconDevices,
  failed: IconAlertTriangle,
  notFound: IconSearchOff,
  signedOut: IconLock,
  outdated: IconRefresh,
};

const reasons = ['room_full', 'room_locked', 'too_early', 'kicked', 'denied', 'forbidden', 'not_allowed', 'not_found', 'disconnected', 'timeout', 'too_many'] as const;

interface EndScreenProps {
  kind: EndKind;
  /** Code of a refusal. */
  reason?: string;
  /** Minutes spent inside; undefined when never in. */
  minutes?: number;
  /** Where to see the recording of this visit; undefined when there is none. */
  recording?: string;
  onAgain: () => void;
}

/** How a visit ended, and the one or two things worth doing next. */
export function EndScreen({ kind, reason = '', minutes, recording, onAgain }: EndScreenProps) {
  const { t } = useTranslation('video');
  const Icon = icons[kind];
  const known = reasons.find((r) => r === reason);
  useTitle(t(`over.${kind}.title`));
  const again = kind === 'left' || kind === 'failed' ? t('over.rejoin') : kind === 'replaced' ? t('over.takeBack') : kind === 'denied' ? t('over.askAgain') : '';

  return (
    <FullScreen focus icon={<Icon size={40} />} title={t(`over.${kind}.title`)}>
      <p>{kind === 'failed' && known ? t(`over.reason.${known}`) : t(`over.${kind}.body`)}</p>
      {minutes === undefined || minutes < 1 ? null : <p>{t('over.duration', { count: minutes })}</p>}
      {recording ? (
        <p>
          <Anchor component={Link} to={recording}>
            {t('over.recording')}
          </Anchor>
        </p>
      ) : null}
      {again ? <Button onClick={onAgain}>{again}</Button> : null}
      {kind === 'outdated' ? <Button onClick={() => window.location.reload()}>{t('over.reload')}</Button> : null}
      {kind === 'signedOut' ? (
        <Button component={Link} to={`/sign-in?to=${encodeURIComponent(window.location.pathname)}`}>
          {t('over.signIn')}
        </Button>
      ) : (
        <Button component={Link} to="/" variant={again || kind === 'outdated' ? 'subtle' : 'filled'}>
          {t('over.today')}
        </Button>
      )}
    </FullScreen>
  );
}
