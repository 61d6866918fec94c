import { useTranslation } from 'react-i18next';
import { Initials } from '@/components/ui/Initials';
import { Pill, type Tone } from '@/components/ui/Pill';
import { useReview } from '@/hooks/recording/reviewContext';
import { useViewers } from '@/hooks/recording/useRecording';
import { useClock } from '@/hooks/usePrefs';
import { type Consent } from '@/lib/recording/model';
import { gapsOf } from '@/lib/recording/overview';
import { spokenTime } from '@/lib/recording/timecode';
import { momentOf } from '@/lib/time';
import { TimeButton } from './TimeButton';
import { useTrackName } from './useTrackName';
import panel from './panel.module.css';

const tones: Record<Consent, Tone> = { agreed: 'brand', wait: 'plain', declined: 'clay', withdrawn: 'brick' };
const reasons = ['loss', 'overload', 'muted', 'withdrawn', 'crash', 'damage', 'suspended'] as const;
type Reason = (typeof reasons)[number];

/** Where the recording comes from, who agreed, what is missing, and who watched it. */
export function DetailsPanel() {
  const { t } = useTranslation('review');
  const { recording, timeline } = useReview();
  const nameTrack = useTrackName();
  const clock = useClock();
  const when = (text: string) => momentOf(clock, new Date(text));
  const size = new Intl.NumberFormat(clock.locale, { style: 'unit', unit: 'megabyte', maximumFractionDigits: 0 }).format(recording.bytes / 1e6);
  const facts = [
    [t('details.recorded'), recording.startedAt ? when(recording.startedAt) : '–'],
    [t('details.length'), spokenTime(clock.locale, recording.durationMs)],
    [t('details.by'), recording.startedBy.name],
    [t('details.purpose'), recording.purpose],
    [t('details.policy'), recording.policyVersion],
    [t('details.size'), size],
    ...(recording.purgeAt && !recording.legalHold ? [[t('details.purge'), when(recording.purgeAt)]] : []),
  ];
  const gaps = timeline.people.flatMap((p) => gapsOf(timeline, p.id)).filter((g) => g.toMs - g.fromMs >= 500).sort((a, b) => a.fromMs - b.fromMs);
  const trackOf = (id: string) => timeline.tracks.find((track) => track.id === id);
  return (
    <div className={panel.panel}>
      <dl className={panel.facts}>
        {facts.map(([name, value]) => (
          <div key={name} style={{ display: 'contents' }}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {recording.legalHold ? <p className={panel.hint}>{t('details.hold')}</p> : null}
      <section aria-labelledby="review-people">
        <h3 id="review-people" className={panel.title}>
          {t('details.people')}
        </h3>
        <ul className={panel.list}>
          {recording.people.map((p) => (
            <li key={p.identity} className={panel.row}>
              <Initials id={p.identity} name={p.name} />
              <span className={panel.grow}>{p.name}</span>
              <Pill tone={tones[p.consent]}>{t(`consent.${p.consent}`)}</Pill>
            </li>
          ))}
        </ul>
      </section>
      <section aria-labelledby="review-missing">
        <h3 id="review-missing" className={panel.title}>
          {t('details.gaps')}
        </h3>
        {gaps.length === 0 ? <p className={panel.hint}>{t('details.noGaps')}</p> : null}
        <ul className={panel.list}>
          {gaps.slice(0, 100).map((g, n) => {
            const track = trackOf(g.track);
            const what = track ? nameTrack(track) : g.track;
            const reason = t(`timeline.reason.${reasons.includes(g.reason as Reason) ? (g.reason as Reason) : 'other'}`);
            return (
              <li key={n} className={panel.row}>
                <TimeButton atMs={g.fromMs} toMs={g.toMs} />
                <span>
                  {what}: {reason}
                </span>
              </li>
            );
          })}
        </ul>
      </section>
      {recording.access === 'full' ? <Viewers /> : null}
    </div>
  );
}

function Viewers() {
  const { t } = useTranslation('review');
  const { id } = useReview();
  const clock = useClock();
  const viewers = useViewers(id);
  const list = viewers.data ?? [];
  return (
    <section id="review-viewers" aria-labelledby="review-viewers-title" tabIndex={-1}>
      <h3 id="review-viewers-title" className={panel.title}>
        {t('details.watched')}
      </h3>
      <p className={panel.hint}>{t('details.watchedHint')}</p>
      {viewers.data && list.length === 0 ? <p className={panel.hint}>{t('details.nobody')}</p> : null}
      <ul className={panel.list}>
        {list.map((v) => (
          <li key={v.identity} className={panel.row}>
            <Initials id={v.identity} name={v.name} />
            <span className={panel.grow}>
              {v.name}
              <br />
              <span className={panel.hint}>{t('details.watchedLine', { time: spokenTime(clock.locale, v.seconds * 1000), when: momentOf(clock, new Date(v.lastAt)) })}</span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
