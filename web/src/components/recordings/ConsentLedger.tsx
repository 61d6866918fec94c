import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Section } from '@/components/ui/Card';
import { useToast } from '@/components/ui/toast';
import { useConsents, useReviewConsent } from '@/hooks/recordings/useArchive';
import { useClock } from '@/hooks/usePrefs';
import { type Recording, type RecordingConsent } from '@/lib/api/types';
import { momentOf } from '@/lib/time';
import { Part } from './Part';
import classes from './RecordingPanel.module.css';

/** Every answer that was given, and, for somebody who was recorded, taking the watching back. */
export function ConsentLedger({ recording, me }: { recording: Recording; me: { id: string } }) {
  const { t } = useTranslation('recordings');
  const clock = useClock();
  const consents = useConsents(recording.id);
  const said = ({ scope, state }: RecordingConsent) => (scope === 'review' ? t(`consent.review.${state}`) : t(`consent.${state === 'wait' ? 'asked' : state}`));
  return (
    <>
      {recording.access === 'own' ? <MyPart recording={recording} me={me} /> : null}
      <Part title={t('consent.title')} hint={t('consent.hint')} query={consents} items={consents.data} empty={t('consent.none')}>
        {(entries) =>
          entries.map((entry) => (
            <li key={entry.seq} className={classes.line}>
              <p>
                <strong>{entry.name}</strong> {said(entry)}
              </p>
              <p className={classes.soft}>
                {momentOf(clock, new Date(entry.at))} · {t('panel.version', { version: entry.policyVersion })}
              </p>
            </li>
          ))
        }
      </Part>
    </>
  );
}

function MyPart({ recording, me }: { recording: Recording; me: { id: string } }) {
  const { t } = useTranslation('recordings');
  const toast = useToast();
  const decide = useReviewConsent(recording.id);
  const mine = recording.people.find((p) => p.identity === me.id);
  if (!mine || recording.state === 'erased' || recording.state === 'cancelled') return null;
  const change = (allow: boolean) =>
    decide.mutateAsync(allow ? 'agreed' : 'withdrawn').then(() => toast.done(t(allow ? 'mine.agreed' : 'mine.withdrawn'), () => void change(!allow)), toast.failed);
  return (
    <Section title={t('mine.title')}>
      <p className={classes.quiet}>{mine.review ? t('mine.on') : t('mine.off')}</p>
      <div className={classes.actions}>
        <Button variant="light" loading={decide.isPending} onClick={() => void change(!mine.review)}>
          {mine.review ? t('mine.withdraw') : t('mine.agree')}
        </Button>
      </div>
    </Section>
  );
}
