import { Button, Popover } from '@mantine/core';
import '@mantine/core/styles/Popover.layer.css';
import { IconAlertTriangle, IconPlayerPauseFilled, IconPlayerRecordFilled } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type RecordingControls } from '@/hooks/video/useRecording';
import { type RecordingSubject } from '@/lib/realtime/types';
import { spanText } from '@/lib/span';
import classes from './RecordingIndicator.module.css';

interface RecordingIndicatorProps {
  recording: RecordingControls;
  onWithdraw: () => void;
  onAgree: () => void;
  /** Opens the question whether to stop. */
  onStop: () => void;
  /** Takes the question back before anything was recorded. */
  onCancel: () => void;
}

/**
 * Says to everybody that the session is recorded, or would be: shape, words
 * and time, never the colour alone. It stays when other controls hide.
 */
export function RecordingIndicator(props: RecordingIndicatorProps) {
  const { recording } = props;
  const { status, paused } = recording;
  const { t } = useTranslation('recording');
  const time = useElapsed(recording);
  if (!status) return null;
  const state = status.state === 'finalising' || status.state === 'failed' || status.state === 'recording' ? status.state : recording.live ? (paused ? 'paused' : 'asking') : undefined;
  if (!state) return null;
  const words = t(`indicator.${state}`);
  const Icon = status.disk !== 'ok' || state === 'failed' ? IconAlertTriangle : state === 'paused' ? IconPlayerPauseFilled : IconPlayerRecordFilled;
  return (
    <Popover position="bottom-start" width={320} shadow="md" radius="md" withinPortal={false} returnFocus trapFocus>
      <Popover.Target>
        <button type="button" className={classes.button} data-stay data-state={state} aria-label={t('indicator.open', { state: words })}>
          <Icon size={16} aria-hidden="true" className={classes.icon} />
          <span className={classes.word}>{words}</span>
          {status.startedAt ? (
            <span role="timer" aria-label={t('indicator.time')} className={classes.time}>
              {time}
            </span>
          ) : null}
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('indicator.title')}>
        <Details {...props} time={time} />
      </Popover.Dropdown>
    </Popover>
  );
}

function Details({ recording, time, onWithdraw, onAgree, onStop, onCancel }: RecordingIndicatorProps & { time: string }) {
  const { t } = useTranslation('recording');
  const { status, stage, self, isHost, live } = recording;
  if (!status) return null;
  const mine = status.people.find((p) => p.participant === self);
  return (
    <div className={classes.details}>
      <p className={classes.title}>{t('indicator.title')}</p>
      <p>{mine?.recorded ? t('indicator.you.recorded') : t('indicator.you.not')}</p>
      <p className={classes.soft}>{status.state === 'recording' ? t('indicator.since', { time }) : t('indicator.nothing')}</p>
      {status.disk === 'ok' ? null : <p className={classes.warning}>{t(`disk.${status.disk}`)}</p>}
      <p className={classes.soft}>
        {t('indicator.by', { name: status.startedBy.name })}
        {status.purpose ? ` · ${status.purpose}` : ''}
      </p>
      <p className={classes.heading} id="recording-people">
        {t('indicator.people')}
      </p>
      <ul className={classes.people} aria-labelledby="recording-people">
        {status.people.map((person) => (
          <li key={person.participant}>
            <span className={classes.name}>{person.participant === self ? t('person.you', { name: person.name }) : person.name}</span>
            <span className={classes.soft}>{t(`person.${markOf(person)}`)}</span>
          </li>
        ))}
      </ul>
      {live ? (
        <div className={classes.actions}>
          {mine?.consent === 'agreed' ? (
            <Button size="sm" variant="light" onClick={onWithdraw}>
              {t('control.withdraw')}
            </Button>
          ) : null}
          {stage === 'declined' || stage === 'withdrawn' ? (
            <Button size="sm" variant="light" onClick={onAgree}>
              {t('control.agree')}
            </Button>
          ) : null}
          {isHost ? (
            <Button size="sm" variant="light" color="brick" onClick={status.startedAt ? onStop : onCancel}>
              {status.startedAt ? t('control.stop') : t('control.cancel')}
            </Button>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}

/** Where somebody stands, in one of the words of `person.*`. */
export function markOf(person: RecordingSubject): 'recorded' | RecordingSubject['consent'] {
  return person.recorded ? 'recorded' : person.consent;
}

/** "12:04": time recorded, counted on while it runs. */
function useElapsed({ elapsedAt }: RecordingControls): string {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 500);
    return () => clearInterval(timer);
  }, []);
  return spanText(elapsedAt(now));
}
