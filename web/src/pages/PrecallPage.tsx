import '@/components/video/styles';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Page } from '@/components/ui/Page';
import { DeviceCheck } from '@/components/video/DeviceCheck';
import { ObstacleScreen } from '@/components/video/ObstacleScreen';
import { useSocket } from '@/hooks/useSocket';
import { LocalMedia } from '@/lib/rtc/local';
import { environment, obstacle } from '@/lib/rtc/support';

/** Camera, microphone, speaker and the way to the server, without a session: /check */
export function PrecallPage() {
  const [blocked] = useState(() => obstacle(environment()));
  if (blocked) return <ObstacleScreen obstacle={blocked} />;
  return <Check />;
}

function Check() {
  const { t } = useTranslation('precall');
  const [local] = useState(() => new LocalMedia());
  useSocket(); // opened ahead, so that the connection test begins at once
  useEffect(() => () => local.close(), [local]);
  return (
    <Page title={t('title')} lead={t('lead')}>
      <DeviceCheck local={local} owns />
    </Page>
  );
}
