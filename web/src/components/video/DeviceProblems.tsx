import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Notice } from '@/components/ui/Notice';
import { useReadable } from '@/hooks/useReadable';
import { type LocalMedia } from '@/lib/rtc/local';
import { browserName } from '@/lib/rtc/support';
import classes from './DeviceProblems.module.css';

/** What is wrong with a device, in words, and the way out for this very browser. */
export function DeviceProblems({ local }: { local: LocalMedia }) {
  const { t } = useTranslation('precall');
  const { camera, microphone } = useReadable(local.state);
  const problems = [
    ...(camera.failure ? [{ kind: 'camera' as const, reason: camera.failure }] : []),
    ...(microphone.failure ? [{ kind: 'microphone' as const, reason: microphone.failure }] : []),
  ];
  if (problems.length === 0) return null;
  const denied = problems.some((p) => p.reason === 'denied');
  const steps = t(`steps.${browserName(navigator.userAgent)}`, { returnObjects: true });

  return (
    <Notice tone="clay" alert>
      <div className={classes.problems}>
        {problems.map(({ kind, reason }) => (
          <div key={kind}>
            <p className={classes.title}>{t(`failure.${reason}.title`, { device: t(`device.${kind}`) })}</p>
            <p>{t(`failure.${reason}.body`, { device: t(`device.${kind}`) })}</p>
          </div>
        ))}
        {denied ? (
          <div>
            <p className={classes.title}>{t('steps.title')}</p>
            <ol className={classes.steps}>
              {steps.map((step) => (
                <li key={step}>{step}</li>
              ))}
            </ol>
          </div>
        ) : null}
        <Button
          className={classes.retry}
          size="sm"
          variant="default"
          onClick={() =>
            void local.open({ camera: camera.failure !== undefined, microphone: microphone.failure !== undefined })
          }
        >
          {t('retry')}
        </Button>
      </div>
    </Notice>
  );
}
