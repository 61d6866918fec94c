import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ProblemNotice } from '@/components/ui/Notice';
import { ListSkeleton } from '@/components/ui/Waiting';
import { useReview } from '@/hooks/recording/reviewContext';
import { useAnalytics } from '@/hooks/recording/useRecording';
import { useClock } from '@/hooks/usePrefs';
import { byMinute } from '@/lib/recording/figures';
import { type Analytics, type Distribution } from '@/lib/recording/model';
import { timecode } from '@/lib/recording/timecode';
import panel from './panel.module.css';
import classes from './AnalyticsPanel.module.css';

/** Who spoke how much and how it went to and fro, in pictures with their numbers. */
export function AnalyticsPanel() {
  const { id } = useReview();
  const figures = useAnalytics(id);
  if (figures.isPending) return <ListSkeleton rows={4} />;
  if (figures.isError) return <ProblemNotice error={figures.error} onRetry={() => void figures.refetch()} />;
  return <Figures figures={figures.data} />;
}

function Figures({ figures }: { figures: Analytics }) {
  const { t } = useTranslation('review');
  const { toneOf } = useReview();
  const clock = useClock();
  const percent = new Intl.NumberFormat(clock.locale, { style: 'percent', maximumFractionDigits: 0 });
  const heard = figures.people.filter((p) => p.heard);
  if (heard.length === 0) return <p className={panel.hint}>{t('analytics.none')}</p>;
  const definition = (key: string) => figures.definitions.find((d) => d.key === key)?.text;
  const tone = (person: string) => ({ ['--tone' as string]: `var(--tone-${toneOf(person)})` });
  return (
    <div className={panel.panel}>
      <Figure title={t('analytics.talk')} how={definition('talkRatio')}>
        <div className={classes.ratio} aria-hidden="true">
          {heard.map((p) => (
            <span key={p.person} style={{ ...tone(p.person), flexGrow: p.talkRatio }}>
              {p.talkRatio >= 0.12 ? percent.format(p.talkRatio) : ''}
            </span>
          ))}
        </div>
        <table className={classes.table}>
          <caption className={classes.hidden}>{t('analytics.talk')}</caption>
          <thead>
            <tr>
              <th scope="col">{t('analytics.person')}</th>
              <th scope="col">{t('analytics.talked')}</th>
              <th scope="col">{t('analytics.share')}</th>
              <th scope="col">{t('analytics.count')}</th>
            </tr>
          </thead>
          <tbody>
            {heard.map((p) => (
              <tr key={p.person}>
                <th scope="row">
                  <i style={tone(p.person)} aria-hidden="true" />
                  {p.name}
                </th>
                <td>{timecode(p.speechMs)}</td>
                <td>{percent.format(p.talkRatio)}</td>
                <td>{p.turns}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Figure>
      <Minutes figures={figures} people={heard} />
      <Figure title={t('analytics.turns')} how={definition('turnLengths')}>
        <Histogram bins={figures.turnLengths.bins} label={t('analytics.turns')} />
        <Lengths rows={heard.map((p) => ({ ...p, of: p.turnLengths }))} caption={t('analytics.turns')} />
      </Figure>
      <Figure title={t('analytics.latency')} how={definition('latency')}>
        <Histogram bins={figures.latency.bins} label={t('analytics.latency')} />
        <Lengths rows={heard.map((p) => ({ ...p, of: p.latency }))} caption={t('analytics.latency')} />
      </Figure>
      <div className={classes.pair}>
        {(['overlap', 'silence'] as const).map((key) => (
          <Figure key={key} title={t(`analytics.${key}`)} how={definition(key)}>
            <p className={classes.big}>{timecode(figures[key].totalMs)}</p>
            <p className={panel.hint}>
              {t(key === 'overlap' ? 'analytics.ofSpeech' : 'analytics.ofSession', { share: percent.format(figures[key].share) })}
              {', '}
              {t('analytics.longestOne', { time: seconds(clock.locale, figures[key].longestMs) })}
            </p>
          </Figure>
        ))}
      </div>
    </div>
  );
}

function seconds(locale: string, ms: number): string {
  return new Intl.NumberFormat(locale, { style: 'unit', unit: 'second', unitDisplay: 'short', maximumFractionDigits: ms < 10_000 ? 1 : 0 }).format(ms / 1000);
}

function Figure({ title, how, children }: { title: string; how: string | undefined; children: React.ReactNode }) {
  const { t } = useTranslation('review');
  return (
    <section className={classes.figure} aria-label={title}>
      <h3 className={panel.title}>{title}</h3>
      {children}
      {how ? (
        <details className={classes.how}>
          <summary aria-label={`${t('analytics.how')}: ${title}`}>{t('analytics.how')}</summary>
          <p>{how}</p>
        </details>
      ) : null}
    </section>
  );
}

/** Speech minute by minute, stacked by person; a picture, with a table for who cannot see it. */
function Minutes({ figures, people }: { figures: Analytics; people: Analytics['people'] }) {
  const { t } = useTranslation('review');
  const { playFrom, toneOf } = useReview();
  const [over, setOver] = useState<number>();
  const clock = useClock();
  const { stepMs, rows } = byMinute(figures);
  const wide = 100 / rows.length;
  return (
    <Figure title={t('analytics.overTime')} how={undefined}>
      {/* The same by key: the table below, and the timeline. */}
      <svg
        className={classes.minutes}
        viewBox="0 0 100 40"
        preserveAspectRatio="none"
        aria-hidden="true"
        onClick={() => over !== undefined && playFrom(over * stepMs)}
        onPointerMove={(e) => {
          const box = e.currentTarget.getBoundingClientRect();
          setOver(Math.min(rows.length - 1, Math.floor(((e.clientX - box.left) / box.width) * rows.length)));
        }}
        onPointerLeave={() => setOver(undefined)}
      >
        <line x1="0" x2="100" y1="39.75" y2="39.75" className={classes.axis} />
        {rows.map((row, n) => {
          let top = 40;
          return people.map((p) => {
            const high = Math.min(top, (((row.get(p.person) ?? 0) / stepMs) * 40) / 1.25);
            top -= high;
            return high > 0 ? <rect key={`${n}-${p.person}`} x={n * wide + wide * 0.08} width={wide * 0.84} y={top} height={high} style={{ fill: `var(--tone-${toneOf(p.person)})` }} opacity={over === undefined || over === n ? 1 : 0.45} /> : null;
          });
        })}
      </svg>
      <p className={panel.hint} aria-hidden="true">
        {over === undefined
          ? `${timecode(0)} – ${timecode(figures.durationMs)}`
          : `${timecode(over * stepMs)}: ${people.map((p) => `${p.name} ${seconds(clock.locale, rows[over]?.get(p.person) ?? 0)}`).join(', ')}`}
      </p>
      <div className={classes.hidden}>
      <table>
        <caption>{t('analytics.overTime')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('analytics.minute')}</th>
            {people.map((p) => (
              <th key={p.person} scope="col">
                {p.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, n) => (
            <tr key={n}>
              <th scope="row">{timecode(n * stepMs)}</th>
              {people.map((p) => (
                <td key={p.person}>{seconds(clock.locale, row.get(p.person) ?? 0)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      </div>
    </Figure>
  );
}

/** How often each length came; the numbers are in the table beside it. */
function Histogram({ bins, label }: { bins: Distribution['bins']; label: string }) {
  const { t } = useTranslation('review');
  const clock = useClock();
  const most = Math.max(1, ...bins.map((b) => b.count));
  if (bins.every((b) => b.count === 0)) return null;
  return (
    <div className={classes.histogram} role="img" aria-label={`${label}: ${bins.map((b) => t('analytics.bin', { from: seconds(clock.locale, b.fromMs), count: b.count })).join(', ')}`}>
      {bins.map((b, n) => (
        <div key={b.fromMs} className={classes.bin} aria-hidden="true">
          <span className={classes.binCount}>{b.count || ''}</span>
          <span className={classes.binBar} style={{ height: `${(b.count / most) * 3.5}rem` }} />
          <span className={classes.binLabel}>{n % Math.ceil(bins.length / 8) === 0 ? `${+(b.fromMs / 1000).toFixed(1)}` : ''}</span>
        </div>
      ))}
    </div>
  );
}

function Lengths({ rows, caption }: { rows: (Analytics['people'][number] & { of: Distribution })[]; caption: string }) {
  const { t } = useTranslation('review');
  const { toneOf } = useReview();
  const clock = useClock();
  return (
    <table className={classes.table}>
      <caption className={classes.hidden}>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">{t('analytics.person')}</th>
          <th scope="col">{t('analytics.median')}</th>
          <th scope="col">{t('analytics.p90')}</th>
          <th scope="col">{t('analytics.longest')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ person, name, of }) => (
          <tr key={person}>
            <th scope="row">
              <i style={{ ['--tone' as string]: `var(--tone-${toneOf(person)})` }} aria-hidden="true" />
              {name}
            </th>
            <td>{of.count > 0 ? seconds(clock.locale, of.medianMs) : '–'}</td>
            <td>{of.count > 0 ? seconds(clock.locale, of.p90Ms) : '–'}</td>
            <td>{of.count > 0 ? seconds(clock.locale, of.longestMs) : '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
