import { Popover } from '@mantine/core';
import '@mantine/core/styles/Popover.layer.css';
import { useTranslation } from 'react-i18next';
import { type Verdict } from '@/lib/rtc/quality';
import { type SessionFigures } from '@/lib/rtc/stats';
import { QualityBars } from './QualityBars';
import classes from './ConnectionQuality.module.css';

interface ConnectionQualityProps {
  /** This person's own line. */
  own: Verdict;
  figures: SessionFigures | undefined;
  /** Everybody else, by name. */
  others: readonly { id: string; name: string; verdict: Verdict }[];
}

/** How the call is doing: bars at a glance, words and advice on asking, figures for those who want them. */
export function ConnectionQuality({ own, figures, others }: ConnectionQualityProps) {
  const { t } = useTranslation('video');
  return (
    <Popover position="bottom-end" width={320} shadow="md" radius="md" withinPortal={false} returnFocus>
      <Popover.Target>
        <button type="button" className={classes.button} aria-label={`${t('quality.yours')}: ${t(`quality.level.${own.level}`)}`}>
          <QualityBars verdict={own} />
          <span className={classes.word}>{t(`quality.level.${own.level}`)}</span>
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('quality.yours')}>
        <QualityWords title={t('quality.yours')} verdict={own} />
        {others.map(({ id, name, verdict }) => (
          <QualityWords key={id} title={t('quality.theirs', { name })} verdict={verdict} />
        ))}
        {figures ? <Figures figures={figures} /> : null}
      </Popover.Dropdown>
    </Popover>
  );
}

const reasons = ['loss', 'delay', 'bitrate', 'layer', 'frozen', 'cpu'] as const;

export function QualityWords({ title, verdict }: { title: string; verdict: Verdict }) {
  const { t } = useTranslation('video');
  const reason = reasons.find((r) => r === verdict.reason);
  return (
    <div className={classes.words}>
      <p className={classes.title}>
        <span>{title}</span>
        <span className={classes.level} data-level={verdict.level}>
          {t(`quality.level.${verdict.level}`)}
        </span>
      </p>
      {verdict.side === 'none' ? null : <p>{t(`quality.side.${verdict.side}`)}</p>}
      {reason && verdict.side !== 'none' ? <p>{t(`quality.reason.${reason}`)}</p> : null}
      {verdict.advice ? <p>{t(`quality.advice.${verdict.advice}`)}</p> : null}
    </div>
  );
}

function Figures({ figures }: { figures: SessionFigures }) {
  const { t } = useTranslation('video');
  const sum = (list: readonly { bitrate: number }[]) => Math.round(list.reduce((total, f) => total + f.bitrate, 0) / 1000);
  const loss = Math.max(0, ...figures.inbound.map((f) => f.loss), ...figures.outbound.map((f) => f.loss));
  const picture = [...figures.inbound].filter((f) => f.width > 0).sort((a, b) => b.width - a.width)[0];
  return (
    <dl className={classes.figures} aria-label={t('quality.figures.title')}>
      <dt>{t('quality.figures.rtt')}</dt>
      <dd>{t('quality.figures.ms', { value: Math.round(figures.rttMs) })}</dd>
      <dt>{t('quality.figures.loss')}</dt>
      <dd>{t('quality.figures.percent', { value: Math.round(loss * 10) / 10 })}</dd>
      <dt>{t('quality.figures.sending')}</dt>
      <dd>{t('quality.figures.kbit', { value: sum(figures.outbound) })}</dd>
      <dt>{t('quality.figures.receiving')}</dt>
      <dd>{t('quality.figures.kbit', { value: sum(figures.inbound) })}</dd>
      {picture ? (
        <>
          <dt>{t('quality.figures.picture')}</dt>
          <dd>{t('quality.figures.size', { width: picture.width, height: picture.height, fps: Math.round(picture.fps) })}</dd>
        </>
      ) : null}
      {figures.transport ? (
        <>
          <dt>{t('quality.figures.path')}</dt>
          <dd>{t(`quality.figures.${figures.transport}`)}</dd>
        </>
      ) : null}
    </dl>
  );
}
