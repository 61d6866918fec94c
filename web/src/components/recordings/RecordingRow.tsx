import { Button } from '@mantine/core';
import { type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Pill } from '@/components/ui/Pill';
import { useNow } from '@/hooks/useNow';
import { type Recording } from '@/lib/api/types';
import { type PendingAct } from '@/lib/pendingActs';
import classes from './Recording.module.css';
import { RecordingPills } from './RecordingPills';
import { useRecordingNote, useRecordingWords } from './useRecordingWords';

export function RecordingList({ children }: { children: ReactNode }) {
  return <ul className={classes.list}>{children}</ul>;
}

interface RecordingRowProps {
  recording: Recording;
  me: { id: string };
  open: boolean;
  /** About to be erased, while that can be taken back. */
  pending: PendingAct | undefined;
  onOpen: (recording: Recording) => void;
  onUndo: (recording: Recording) => void;
}

/** Whether this viewer may watch it; the server decides again when they do. */
export function isWatchable({ state, access }: Pick<Recording, 'state' | 'access'>): boolean {
  return state === 'ready' && (access === 'full' || access === 'comment');
}

/** One recording of the list; a card on a phone. */
export function RecordingRow({ recording, me, open, pending, onOpen, onUndo }: RecordingRowProps) {
  const { t } = useTranslation('recordings');
  const words = useRecordingWords(recording, me);
  const note = useRecordingNote(recording);
  const named = { title: words.title, day: words.day };
  return (
    <li className={classes.row} data-open={open || undefined} aria-label={`${words.title}, ${words.when}`}>
      <div className={classes.body}>
        <p className={classes.time}>
          <span>{words.when}</span>
          {words.length ? <span> · {words.length}</span> : null}
        </p>
        <div className={classes.words}>
          <p className={classes.title}>{words.title}</p>
          <p className={classes.sub}>{words.names}</p>
        </div>
        <div className={classes.state}>
          <RecordingPills recording={recording} />
        </div>
        <div className={classes.actions}>
          {isWatchable(recording) && !pending ? (
            <Button component={Link} to={`/recordings/${recording.id}`} size="sm" variant="light" aria-label={t('row.watchNamed', named)}>
              {t('row.watch')}
            </Button>
          ) : null}
          <Button size="sm" variant="subtle" aria-haspopup="dialog" aria-label={t('row.detailsNamed', named)} onClick={() => onOpen(recording)}>
            {t('row.details')}
          </Button>
        </div>
      </div>
      {recording.tags && recording.tags.length > 0 ? (
        <p className={classes.note}>
          <span className={classes.tags}>
            {recording.tags.map((tag) => (
              <Pill key={tag}>{tag}</Pill>
            ))}
          </span>
        </p>
      ) : null}
      {recording.state === 'finalising' ? (
        <div className={classes.note}>
          <span>{t('row.saving')}</span>
          <progress className={classes.bar} aria-label={t('row.savingLabel', { title: words.title })} />
        </div>
      ) : null}
      {pending ? (
        <PendingErase pending={pending} onUndo={() => onUndo(recording)} />
      ) : note.text ? (
        <p className={`${classes.note} ${note.tone === 'plain' ? '' : classes[note.tone]}`}>{note.text}</p>
      ) : null}
    </li>
  );
}

/** The seconds in which an erasure can be taken back. */
export function PendingErase({ pending, onUndo }: { pending: PendingAct; onUndo: () => void }) {
  const { t } = useTranslation('recordings');
  const now = useNow(500);
  return (
    <div className={`${classes.note} ${classes.bad}`}>
      <span>{t('row.pending', { count: Math.max(0, Math.ceil((pending.at - now.getTime()) / 1000)) })}</span>
      <Button size="compact-md" variant="light" onClick={onUndo}>
        {t('row.undo')}
      </Button>
    </div>
  );
}
