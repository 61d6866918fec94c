import { Button } from '@mantine/core';
import { IconLockOpen, IconBrowserX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useTitle } from '@/components/ui/Page';
import { type Obstacle } from '@/lib/rtc/support';
import { FullScreen } from './FullScreen';

/** The page or the browser cannot hold a call; say which, and what to do. */
export function ObstacleScreen({ obstacle }: { obstacle: Obstacle }) {
  const { t } = useTranslation('precall');
  useTitle(t(`${obstacle}.title`));
  const secure = window.location.href.replace(/^http:/, 'https:');
  return (
    <FullScreen icon={obstacle === 'insecure' ? <IconLockOpen size={40} /> : <IconBrowserX size={40} />} title={t(`${obstacle}.title`)}>
      <p>{t(`${obstacle}.body`)}</p>
      {obstacle === 'insecure' ? (
        <Button component="a" href={secure}>
          {t('insecure.action')}
        </Button>
      ) : (
        <p>{t('unsupported.app')}</p>
      )}
      <Button component={Link} to="/" variant="subtle">
        {t('toToday')}
      </Button>
    </FullScreen>
  );
}
