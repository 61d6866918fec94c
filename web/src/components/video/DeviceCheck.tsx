import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Section } from '@/components/ui/Card';
import { type LocalMedia } from '@/lib/rtc/local';
import { DeviceFields } from './DeviceFields';
import { DeviceProblems } from './DeviceProblems';
import { NetworkTest } from './NetworkTest';
import { SelfPreview } from './SelfPreview';
import classes from './DeviceCheck.module.css';

interface DeviceCheckProps {
  local: LocalMedia;
  /** Beside the preview: what to do next. */
  children?: ReactNode;
  /** Open the devices when shown and close them when gone; a call does that itself. */
  owns?: boolean;
}

/** Preview, devices and connection: the check page, and the lobby of every session. */
export function DeviceCheck({ local, children, owns = false }: DeviceCheckProps) {
  const { t } = useTranslation('precall');
  useEffect(() => {
    if (!owns) return;
    void local.open();
    return () => local.close();
  }, [local, owns]);
  return (
    <div className={classes.check}>
      <div className={classes.see}>
        <SelfPreview local={local} />
        {children}
        <DeviceProblems local={local} />
      </div>
      <div className={classes.choose}>
        <DeviceFields local={local} />
        <Section title={t('network.title')}>
          <NetworkTest local={local} />
        </Section>
      </div>
    </div>
  );
}
