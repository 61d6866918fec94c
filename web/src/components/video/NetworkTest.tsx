import { Button, Progress } from '@mantine/core';
import '@mantine/core/styles/Progress.layer.css';
import { IconCircleCheck, IconAlertTriangle, IconWifi } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useNetworkTest } from '@/hooks/video/useNetworkTest';
import { type LocalMedia } from '@/lib/rtc/local';
import { type PrecallResult } from '@/lib/rtc/precall';
import classes from './NetworkTest.module.css';

/** The way to the server, measured with real media. */
export function NetworkTest({ local }: { local: LocalMedia }) {
  const { t } = useTranslation('precall');
  const { running, progress, result, run } = useNetworkTest(local);
  return (
    <div className={classes.test}>
      <p className={classes.lead}>{t('network.lead')}</p>
      <div aria-live="polite">{result && !running ? <Verdict result={result} /> : null}</div>
      {running ? <Progress value={Math.max(4, progress * 100)} aria-label={t('network.progress')} size="md" radius="xl" /> : null}
      <Button variant="light" size="sm" leftSection={<IconWifi size={18} aria-hidden="true" />} disabled={running} onClick={() => void run()}>
        {running ? t('network.running') : result ? t('network.again') : t('network.run')}
      </Button>
    </div>
  );
}

function Verdict({ result }: { result: PrecallResult }) {
  const { t } = useTranslation('precall');
  const fine = result.verdict === 'great' || result.verdict === 'fine';
  const Icon = fine ? IconCircleCheck : IconAlertTriangle;
  return (
    <div className={classes.verdict} data-fine={fine || undefined}>
      <p className={classes.title}>
        <Icon size={22} aria-hidden="true" />
        {t(`network.verdict.${result.verdict}`)}
      </p>
      <p className={classes.advice}>{t(`network.advice.${result.advice}`)}</p>
      {result.verdict === 'failed' ? null : (
        <dl className={classes.figures}>
          <Figure name={t('network.figures.rtt')} value={t('network.figures.ms', { value: result.rttMs })} />
          <Figure name={t('network.figures.loss')} value={t('network.figures.percent', { value: result.loss })} />
          <Figure name={t('network.figures.bitrate')} value={t('network.figures.mbit', { value: (result.bitrate / 1e6).toFixed(1) })} />
          {result.transport ? <Figure name={t('network.figures.transport')} value={t(`network.figures.${result.transport}`)} /> : null}
        </dl>
      )}
    </div>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
