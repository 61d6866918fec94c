import '@/components/ui/fieldStyles';
import { ActionIcon, Button, Textarea, TextInput } from '@mantine/core';
import { IconCheck, IconPencil, IconRotate2, IconTrash } from '@tabler/icons-react';
import { type RefObject, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '@/components/ui/EmptyState';
import { Initials } from '@/components/ui/Initials';
import { ProblemNotice } from '@/components/ui/Notice';
import { useToast } from '@/components/ui/toast';
import { ListSkeleton } from '@/components/ui/Waiting';
import { usePosition, useReview } from '@/hooks/recording/reviewContext';
import { type useMarks, type useNotes } from '@/hooks/recording/useReview';
import { useClock } from '@/hooks/usePrefs';
import { type Mark, type Note } from '@/lib/recording/model';
import { timecode } from '@/lib/recording/timecode';
import { momentOf } from '@/lib/time';
import { TagsField } from './TagsField';
import { TimeButton } from './TimeButton';
import panel from './panel.module.css';
import classes from './NotesPanel.module.css';

interface NotesPanelProps {
  notes: ReturnType<typeof useNotes>;
  marks: ReturnType<typeof useMarks> | undefined;
  /** The field of a new note, for the key that opens it. */
  field: RefObject<HTMLTextAreaElement | null>;
  /** The second a new note speaks of, kept while it is written. */
  noteAt: number | null;
  onNoteAt: (at: number | null) => void;
}

/** Everything said about the recording, by its time: tags, marks and threads. */
export function NotesPanel({ notes, marks, field, noteAt, onNoteAt }: NotesPanelProps) {
  const { t } = useTranslation('review');
  const [all, setAll] = useState(false);
  const { recording } = useReview();
  const list = notes.list.data ?? [];
  const threads = list.filter((n) => !n.parentId).sort((a, b) => a.atMs - b.atMs);
  const done = threads.filter((n) => n.resolvedAt);
  const shown = all ? threads : threads.filter((n) => !n.resolvedAt);
  return (
    <div className={panel.panel}>
      <NewNote add={notes.add} field={field} noteAt={noteAt} onNoteAt={onNoteAt} />
      <section aria-labelledby="review-threads">
        <div className={panel.head}>
          <h3 id="review-threads" className={panel.title}>
            {t('notes.threads')}
          </h3>
          <p className={panel.hint}>{t('notes.threadsHint')}</p>
        </div>
        {notes.list.isPending ? <ListSkeleton rows={2} /> : null}
        {notes.list.isError ? <ProblemNotice error={notes.list.error} onRetry={() => void notes.list.refetch()} /> : null}
        {notes.list.data && threads.length === 0 ? <EmptyState title={t('notes.empty')} body={t('notes.emptyBody')} /> : null}
        <ul className={panel.list}>
          {shown.map((note) => (
            <Thread key={note.id} note={note} replies={list.filter((n) => n.parentId === note.id)} notes={notes} />
          ))}
        </ul>
        {done.length > 0 && !all ? (
          <Button variant="subtle" size="compact-md" onClick={() => setAll(true)}>
            {t('notes.showResolved', { count: done.length })}
          </Button>
        ) : null}
      </section>
      {marks ? <Marks marks={marks} /> : null}
      {recording.access === 'full' ? <TagsField /> : null}
    </div>
  );
}

type Add = ReturnType<typeof useNotes>['add'];

function NewNote({ add, field, noteAt, onNoteAt }: { add: Add } & Pick<NotesPanelProps, 'field' | 'noteAt' | 'onNoteAt'>) {
  const { t } = useTranslation('review');
  const toast = useToast();
  const at = usePosition(1000);
  const [text, setText] = useState('');
  const atMs = noteAt ?? at;
  const submit = () => {
    if (text.trim() === '') return;
    add.mutate(
      { atMs, text: text.trim() },
      {
        onSuccess: () => {
          setText('');
          onNoteAt(null);
        },
        onError: toast.failed,
      },
    );
  };
  return (
    <form
      className={classes.form}
      onSubmit={(e) => {
        e.preventDefault();
        submit();
      }}
    >
      <Textarea
        ref={field}
        autosize
        minRows={1}
        maxRows={8}
        size="md"
        maxLength={4000}
        label={t('notes.add', { time: timecode(atMs) })}
        placeholder={t('notes.placeholder')}
        value={text}
        onFocus={() => onNoteAt(noteAt ?? at)}
        onBlur={() => {
          if (text === '') onNoteAt(null);
        }}
        onChange={(e) => setText(e.currentTarget.value)}
        onKeyDown={(e) => {
          if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) submit();
          if (e.key === 'Escape') e.currentTarget.blur();
        }}
      />
      {text.trim() === '' ? null : (
        <Button type="submit" size="sm" loading={add.isPending}>
          {t('notes.save')}
        </Button>
      )}
    </form>
  );
}

function Thread({ note, replies, notes }: { note: Note; replies: Note[]; notes: NotesPanelProps['notes'] }) {
  const { t } = useTranslation('review');
  const toast = useToast();
  const { recording } = useReview();
  const [answering, setAnswering] = useState(false);
  const time = timecode(note.atMs);
  return (
    <li className={classes.thread} data-done={note.resolvedAt ? true : undefined}>
      <div className={classes.threadHead}>
        <TimeButton atMs={note.atMs} toMs={note.toMs} />
        <span className={classes.spacer} />
        {recording.access === 'full' ? <Button
          size="compact-sm"
          variant="subtle"
          leftSection={note.resolvedAt ? <IconRotate2 size={15} aria-hidden="true" /> : <IconCheck size={15} aria-hidden="true" />}
          aria-label={`${note.resolvedAt ? t('notes.reopen') : t('notes.resolve')} (${time})`}
          onClick={() => notes.resolve.mutate({ id: note.id, resolved: !note.resolvedAt }, { onError: toast.failed })}
        >
          {note.resolvedAt ? t('notes.reopen') : t('notes.resolve')}
        </Button> : null}
      </div>
      <Words note={note} notes={notes} />
      {[...replies]
        .sort((a, b) => a.createdAt.localeCompare(b.createdAt))
        .map((reply) => (
          <div key={reply.id} className={classes.reply}>
            <Words note={reply} notes={notes} />
          </div>
        ))}
      {answering ? (
        <Write
          label={t('notes.replyTo', { name: note.authorName })}
          save={t('notes.send')}
          onCancel={() => setAnswering(false)}
          onSave={(text) =>
            notes.add.mutate({ atMs: note.atMs, text, parentId: note.id }, { onSuccess: () => setAnswering(false), onError: toast.failed })
          }
        />
      ) : (
        <Button size="compact-sm" variant="subtle" aria-label={t('notes.replyTo', { name: note.authorName })} onClick={() => setAnswering(true)}>
          {t('notes.reply')}
        </Button>
      )}
    </li>
  );
}

function Words({ note, notes }: { note: Note; notes: NotesPanelProps['notes'] }) {
  const { t } = useTranslation('review');
  const clock = useClock();
  const toast = useToast();
  const [editing, setEditing] = useState(false);
  const time = timecode(note.atMs);
  return (
    <div className={classes.words}>
      <div className={classes.by}>
        <Initials id={note.authorId} name={note.authorName} />
        <span className={classes.author}>
          {note.authorName}
          <span>
            {momentOf(clock, new Date(note.createdAt))}
            {note.editedAt ? ` · ${t('notes.edited')}` : ''}
          </span>
        </span>
        {note.mine && !note.deleted ? (
          <>
            <ActionIcon size={28} aria-label={`${t('notes.edit')} (${time})`} title={t('notes.edit')} onClick={() => setEditing(true)}>
              <IconPencil size={16} />
            </ActionIcon>
            <ActionIcon
              size={28}
              aria-label={`${t('notes.remove')} (${time})`}
              title={t('notes.remove')}
              onClick={() => notes.remove.mutate(note.id, { onSuccess: () => toast.done(t('notes.deleted'), () => notes.add.mutate({ atMs: note.atMs, text: note.text, ...(note.toMs === undefined ? {} : { toMs: note.toMs }), ...(note.parentId ? { parentId: note.parentId } : {}) })), onError: toast.failed })}
            >
              <IconTrash size={16} />
            </ActionIcon>
          </>
        ) : null}
      </div>
      {editing ? (
        <Write
          label={t('notes.edit')}
          save={t('notes.save')}
          first={note.text}
          onCancel={() => setEditing(false)}
          onSave={(text) => notes.edit.mutate({ id: note.id, text }, { onSuccess: () => setEditing(false), onError: toast.failed })}
        />
      ) : (
        <p className={classes.text}>{note.deleted ? <em>{t('notes.gone')}</em> : note.text}</p>
      )}
    </div>
  );
}

function Write({ label, save, first = '', onSave, onCancel }: { label: string; save: string; first?: string; onSave: (text: string) => void; onCancel: () => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(first);
  return (
    <form
      className={classes.form}
      onSubmit={(e) => {
        e.preventDefault();
        if (text.trim() !== '') onSave(text.trim());
      }}
    >
      <Textarea
        autosize
        minRows={2}
        maxRows={8}
        maxLength={4000}
        aria-label={label}
        value={text}
        // The person asked for this field a moment ago.
        ref={(node) => node?.focus()}
        onChange={(e) => setText(e.currentTarget.value)}
        onKeyDown={(e) => {
          if (e.key === 'Escape') onCancel();
          if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) e.currentTarget.form?.requestSubmit();
        }}
      />
      <div className={panel.actions}>
        <Button type="submit" size="sm">
          {save}
        </Button>
        <Button size="sm" variant="subtle" onClick={onCancel}>
          {t('action.cancel')}
        </Button>
      </div>
    </form>
  );
}

function Marks({ marks }: { marks: ReturnType<typeof useMarks> }) {
  const { t } = useTranslation('review');
  const list = marks.list.data ?? [];
  if (list.length === 0) return null;
  return (
    <section aria-labelledby="review-marks">
      <div className={panel.head}>
        <h3 id="review-marks" className={panel.title}>
          {t('notes.marks')}
        </h3>
        <p className={panel.hint}>{t('notes.marksHint')}</p>
      </div>
      <ul className={panel.list}>
        {list.map((mark) => (
          <MarkRow key={`${mark.id}:${mark.label}`} mark={mark} marks={marks} />
        ))}
      </ul>
    </section>
  );
}

function MarkRow({ mark, marks }: { mark: Mark; marks: ReturnType<typeof useMarks> }) {
  const { t } = useTranslation('review');
  const toast = useToast();
  const [label, setLabel] = useState(mark.label);
  const time = timecode(mark.atMs);
  const save = () => {
    if (label.trim() !== mark.label) marks.rename.mutate({ id: mark.id, label: label.trim() }, { onError: toast.failed });
  };
  return (
    <li className={panel.row}>
      <TimeButton atMs={mark.atMs} />
      <TextInput
        className={panel.grow ?? ''}
        size="sm"
        variant="unstyled"
        maxLength={120}
        aria-label={t('notes.markName', { time })}
        placeholder={t('notes.unnamed')}
        value={label}
        onChange={(e) => setLabel(e.currentTarget.value)}
        onBlur={save}
        onKeyDown={(e) => {
          if (e.key === 'Enter') e.currentTarget.blur();
        }}
      />
      <ActionIcon
        size={32}
        aria-label={t('notes.removeMark', { time })}
        title={t('notes.remove')}
        onClick={() => marks.remove.mutate(mark.id, { onSuccess: () => toast.done(t('notes.deleted'), () => marks.add.mutate({ atMs: mark.atMs, label: mark.label })), onError: toast.failed })}
      >
        <IconTrash size={16} />
      </ActionIcon>
    </li>
  );
}
