import { ActionIcon, Button } from '@mantine/core';
import {
  IconDoorEnter,
  IconHandStop,
  IconMicrophone,
  IconMicrophoneOff,
  IconScreenShare,
  IconScreenShareOff,
  IconUserMinus,
  IconVideo,
  IconVideoOff,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Initials } from '@/components/ui/Initials';
import { useClock } from '@/hooks/usePrefs';
import { type Participant, type RecordingSubject, type Source } from '@/lib/realtime/types';
import { timeOf } from '@/lib/time';
import { type Verdict } from '@/lib/rtc/quality';
import { QualityBars } from './QualityBars';
import { markOf } from './RecordingIndicator';
import classes from './ParticipantsList.module.css';

export interface ParticipantsListProps {
  self: Participant | undefined;
  others: readonly Participant[];
  waiting: readonly Participant[];
  speaking: ReadonlySet<string>;
  isHost: boolean;
  verdictOf: (participant: string) => Verdict;
  /** Where somebody stands with the recording; undefined when there is none. */
  recordingOf: (participant: string) => RecordingSubject | undefined;
  onAdmit: (participant: Participant) => void;
  onDeny: (participant: Participant) => void;
  onMute: (participant: Participant, source: Source) => void;
  onKick: (participant: Participant) => void;
}

/** Who is at the door and who is in; a host decides about each person alone. */
export function ParticipantsList(props: ParticipantsListProps) {
  const { self, others, waiting, isHost } = props;
  const { t } = useTranslation('video');
  return (
    <div className={classes.lists}>
      {isHost ? <Door {...props} waiting={waiting} /> : null}
      <section aria-labelledby="people-here">
        <h3 id="people-here" className={classes.heading}>
          {t('people.here')} <span className={classes.count}>{others.length + (self ? 1 : 0)}</span>
        </h3>
        <ul className={classes.list}>
          {self ? <Person {...props} participant={self} isSelf /> : null}
          {others.map((participant) => (
            <Person key={participant.id} {...props} participant={participant} />
          ))}
        </ul>
      </section>
    </div>
  );
}

function Door({ waiting, onAdmit, onDeny }: ParticipantsListProps) {
  const { t } = useTranslation('video');
  const clock = useClock();
  return (
    <section aria-labelledby="people-door" className={classes.door} data-busy={waiting.length > 0 || undefined}>
      <h3 id="people-door" className={classes.heading}>
        {t('people.door')} <span className={classes.count}>{waiting.length}</span>
      </h3>
      {waiting.length === 0 ? <p className={classes.empty}>{t('people.doorEmpty')}</p> : null}
      <ul className={classes.list}>
        {waiting.map((person) => (
          <li key={person.id} className={classes.waiting}>
            <div className={classes.row}>
              <Initials id={person.identity} name={person.name} />
              <div className={classes.words}>
                <p className={classes.name}>{person.name}</p>
                <p className={classes.meta}>
                  {person.role === 'guest' ? `${t('people.guest')} · ` : ''}
                  {t('people.since', { time: timeOf(clock, new Date(person.joinedAt)) })}
                </p>
              </div>
            </div>
            <div className={classes.decide}>
              <Button
                size="sm"
                leftSection={<IconDoorEnter size={18} aria-hidden="true" />}
                aria-label={t('people.admitName', { name: person.name })}
                onClick={() => onAdmit(person)}
              >
                {t('people.admit')}
              </Button>
              <Button size="sm" variant="default" aria-label={t('people.denyName', { name: person.name })} onClick={() => onDeny(person)}>
                {t('people.deny')}
              </Button>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Person({ participant, isSelf = false, isHost, speaking, verdictOf, recordingOf, onMute, onKick }: ParticipantsListProps & { participant: Participant; isSelf?: boolean }) {
  const { t } = useTranslation(['video', 'recording']);
  const { name } = participant;
  const recorded = recordingOf(participant.id);
  const may = isHost && !isSelf && participant.role !== 'host';
  const meta = [
    isSelf ? t('people.you') : '',
    participant.role === 'host' ? t('people.host') : participant.role === 'guest' ? t('people.guest') : '',
    participant.state === 'reconnecting' ? t('people.reconnecting') : '',
    participant.handRaised ? t('people.hand') : '',
    participant.screen ? t('people.shares') : '',
    recorded ? t(`recording:person.${markOf(recorded)}`) : '',
  ].filter(Boolean);
  return (
    <li className={classes.row} data-participant={participant.id} data-speaking={speaking.has(participant.id) || undefined}>
      <Initials id={participant.identity} name={name} />
      <div className={classes.words}>
        <p className={classes.name}>{name}</p>
        {meta.length > 0 ? <p className={classes.meta}>{meta.join(' · ')}</p> : null}
      </div>
      <div className={classes.states}>
        {participant.handRaised ? <IconHandStop size={18} className={classes.hand} aria-hidden="true" /> : null}
        {participant.screen && may ? (
          <ActionIcon aria-label={t('people.stopScreen', { name })} onClick={() => onMute(participant, 'screen')}>
            <IconScreenShareOff size={20} aria-hidden="true" />
          </ActionIcon>
        ) : participant.screen ? (
          <IconScreenShare size={18} aria-hidden="true" />
        ) : null}
        <State on={participant.camera} labels={[t('people.camOn'), t('people.camOff')]} icons={[IconVideo, IconVideoOff]} />
        {participant.microphone && may ? (
          <ActionIcon aria-label={t('people.mute', { name })} onClick={() => onMute(participant, 'microphone')}>
            <IconMicrophone size={20} aria-hidden="true" />
          </ActionIcon>
        ) : (
          <State on={participant.microphone} labels={[t('people.micOn'), t('people.micOff')]} icons={[IconMicrophone, IconMicrophoneOff]} />
        )}
        {isSelf ? null : (
          <span className={classes.bars}>
            <QualityBars verdict={verdictOf(participant.id)} />
          </span>
        )}
        {may ? (
          <ActionIcon color="brick" aria-label={t('people.remove', { name })} onClick={() => onKick(participant)}>
            <IconUserMinus size={20} aria-hidden="true" />
          </ActionIcon>
        ) : null}
      </div>
    </li>
  );
}

function State({ on, labels, icons }: { on: boolean; labels: [string, string]; icons: [typeof IconVideo, typeof IconVideo] }) {
  const Icon = icons[on ? 0 : 1];
  return (
    <span role="img" aria-label={labels[on ? 0 : 1]} className={classes.state} data-on={on || undefined}>
      <Icon size={20} aria-hidden="true" />
    </span>
  );
}
