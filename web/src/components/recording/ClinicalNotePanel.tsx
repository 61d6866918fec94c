import '@/components/ui/fieldStyles';
import '@/components/ui/choiceStyles';
import { ActionIcon, Button, SegmentedControl, Textarea } from '@mantine/core';
import { IconClockPlus, IconLock, IconPlus, IconTrash, IconX } from '@tabler/icons-react';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '@/components/ui/Dialog';
import { Notice, ProblemNotice } from '@/components/ui/Notice';
import { useToast } from '@/components/ui/toast';
import { ListSkeleton } from '@/components/ui/Waiting';
import { usePosition, useReview } from '@/hooks/recording/reviewContext';
import { useClinicalNote, useNoteDraft, type Written } from '@/hooks/recording/useClinicalNote';
import { useReadable } from '@/hooks/useReadable';
import { useClock } from '@/hooks/usePrefs';
import { changeLine, inForm, type SectionKey, sectionsOf, written } from '@/lib/recording/clinical';
import { type ClinicalNote, type NoteFormat, type NoteLine } from '@/lib/recording/model';
import { timecode } from '@/lib/recording/timecode';
import { momentOf } from '@/lib/time';
import { TimeButton } from './TimeButton';
import panel from './panel.module.css';
import classes from './ClinicalNotePanel.module.css';

type Hook = ReturnType<typeof useClinicalNote>;

/** The clinical note beside the player: written, signed, and then only added to. */
export function ClinicalNotePanel() {
  const { id } = useReview();
  const hook = useClinicalNote(id);
  const { note } = hook;
  if (note.isPending) return <ListSkeleton rows={4} />;
  if (note.isError) return <ProblemNotice error={note.error} onRetry={() => void note.refetch()} />;
  return note.data?.signature ? <Signed note={note.data} hook={hook} /> : <Editor note={note.data} hook={hook} />;
}

function Editor({ note, hook }: { note: ClinicalNote | null; hook: Hook }) {
  const { t } = useTranslation(['review', 'common']);
  const { id } = useReview();
  const toast = useToast();
  const draft = useNoteDraft(id, note, toast.failed);
  const { value, status } = useReadable(draft.state);
  const [signing, setSigning] = useState(false);
  const empty = !value.sections.some((s) => s.lines.some(written));

  const sign = async () => {
    if (!(await draft.flush())) return setSigning(false);
    hook.sign.mutate(draft.state.get().version, { onError: toast.failed, onSettled: () => setSigning(false) });
  };
  const change = (next: Partial<Written>) => draft.change({ ...value, ...next });

  return (
    <div className={panel.panel}>
      <div className={panel.head}>
        <SegmentedControl
          size="sm"
          aria-label={t('clinical.format')}
          value={value.format}
          data={(['soap', 'dap'] as const).map((f) => ({ value: f, label: t(`clinical.${f}`) }))}
          onChange={(f) => change({ format: f as NoteFormat, sections: inForm(f as NoteFormat, value.sections) })}
        />
        <span role="status" className={panel.hint}>
          {t(`clinical.${status === 'conflict' ? 'unsaved' : status}`)}
        </span>
      </div>
      {status === 'conflict' ? (
        <Notice tone="clay" alert>
          <p>{t('clinical.conflict')}</p>
          <div className={panel.actions}>
            <Button size="compact-md" variant="white" onClick={() => void draft.keepMine().catch(toast.failed)}>
              {t('clinical.keepMine')}
            </Button>
            <Button size="compact-md" variant="white" onClick={() => void draft.takeTheirs().catch(toast.failed)}>
              {t('clinical.takeTheirs')}
            </Button>
          </div>
        </Notice>
      ) : null}
      {value.sections.map((section) => (
        <fieldset key={section.key} className={classes.section}>
          <legend>{t(`clinical.section.${section.key as SectionKey}`)}</legend>
          <p className={panel.hint}>{t(`clinical.hint.${section.key as SectionKey}`)}</p>
          {section.lines.map((line, n) => (
            <Line
              key={n}
              label={t('clinical.line', { section: t(`clinical.section.${section.key as SectionKey}`), n: n + 1 })}
              line={line}
              only={section.lines.length === 1}
              onChange={(next) => change({ sections: changeLine(value.sections, section.key, n, next) })}
              onNext={() => change({ sections: changeLine(value.sections, section.key, section.lines.length, { text: '' }) })}
            />
          ))}
          <Button
            variant="subtle"
            size="compact-sm"
            leftSection={<IconPlus size={15} aria-hidden="true" />}
            aria-label={`${t('clinical.addLine')}: ${t(`clinical.section.${section.key as SectionKey}`)}`}
            onClick={() => change({ sections: changeLine(value.sections, section.key, section.lines.length, { text: '' }) })}
          >
            {t('clinical.addLine')}
          </Button>
        </fieldset>
      ))}
      <div className={panel.actions}>
        <Button leftSection={<IconLock size={17} aria-hidden="true" />} disabled={empty || status === 'conflict'} onClick={() => setSigning(true)}>
          {t('clinical.sign')}
        </Button>
        <span className={panel.hint}>{empty ? t('clinical.signEmpty') : t('clinical.private')}</span>
      </div>
      {signing ? (
        <Dialog title={t('clinical.signTitle')} onClose={() => setSigning(false)}>
          <p>{t('clinical.signBody')}</p>
          <div className={panel.actions}>
            <Button variant="default" onClick={() => setSigning(false)} data-autofocus>
              {t('common:action.cancel')}
            </Button>
            <Button loading={hook.sign.isPending} onClick={() => void sign()}>
              {t('clinical.signConfirm')}
            </Button>
          </div>
        </Dialog>
      ) : null}
    </div>
  );
}

interface LineProps {
  label: string;
  line: NoteLine;
  only: boolean;
  onChange: (line: NoteLine | null) => void;
  onNext: () => void;
}

function Line({ label, line, only, onChange, onNext }: LineProps) {
  const { t } = useTranslation('review');
  const at = usePosition(1000);
  return (
    <div className={classes.line}>
      <Textarea
        autosize
        minRows={1}
        maxRows={12}
        maxLength={8000}
        aria-label={label}
        value={line.text}
        onChange={(e) => onChange({ ...line, text: e.currentTarget.value })}
        onKeyDown={(e) => {
          if (e.key !== 'Enter' || !(e.ctrlKey || e.metaKey)) return;
          e.preventDefault();
          onNext();
        }}
      />
      <div className={classes.lineTools}>
        {line.atMs === undefined ? (
          <ActionIcon size={32} aria-label={`${t('clinical.link', { time: timecode(at) })}: ${label}`} title={t('clinical.link', { time: timecode(at) })} onClick={() => onChange({ ...line, atMs: at })}>
            <IconClockPlus size={17} />
          </ActionIcon>
        ) : (
          <>
            <TimeButton atMs={line.atMs} />
            <ActionIcon size={28} aria-label={t('clinical.unlink', { time: timecode(line.atMs) })} title={t('clinical.unlink', { time: timecode(line.atMs) })} onClick={() => onChange({ text: line.text })}>
              <IconX size={15} />
            </ActionIcon>
          </>
        )}
        {only ? null : (
          <ActionIcon size={32} aria-label={`${t('clinical.removeLine')}: ${label}`} title={t('clinical.removeLine')} onClick={() => onChange(null)}>
            <IconTrash size={16} />
          </ActionIcon>
        )}
      </div>
    </div>
  );
}

function Signed({ note, hook }: { note: ClinicalNote; hook: Hook }) {
  const { t } = useTranslation(['review', 'common']);
  const clock = useClock();
  const toast = useToast();
  const field = useId();
  const at = usePosition(1000);
  const [line, setLine] = useState<NoteLine | null>(null);
  return (
    <div className={panel.panel}>
      <Notice tone="brand">
        <p>
          {t('clinical.signedBy', { name: note.signature?.name ?? note.authorName, when: momentOf(clock, new Date(note.signature?.at ?? note.updatedAt)) })}
        </p>
      </Notice>
      {sectionsOf(note.format, note.sections).map((section) => (
        <section key={section.key} aria-labelledby={`${field}-${section.key}`}>
          <h3 id={`${field}-${section.key}`} className={panel.title}>
            {t(`clinical.section.${section.key as SectionKey}`)}
          </h3>
          <Lines lines={section.lines.filter(written)} />
        </section>
      ))}
      {note.amendments.map((a) => (
        <section key={a.seq} className={classes.amendment} aria-labelledby={`${field}-${a.seq}`}>
          <p id={`${field}-${a.seq}`} className={panel.hint}>
            {t('clinical.amendment', { name: a.signature.name, when: momentOf(clock, new Date(a.signature.at)) })}
          </p>
          <Lines lines={a.lines} />
        </section>
      ))}
      {!note.mine ? null : line ? (
        <form
          className={panel.panel}
          onSubmit={(e) => {
            e.preventDefault();
            if (written(line)) hook.amend.mutate([{ ...line, text: line.text.trim() }], { onSuccess: () => setLine(null), onError: toast.failed });
          }}
        >
          <Line label={t('clinical.amendLabel')} line={line} only onChange={(l) => setLine(l ?? { text: '' })} onNext={() => undefined} />
          <div className={panel.actions}>
            <Button type="submit" size="sm" loading={hook.amend.isPending} disabled={!written(line)}>
              {t('clinical.amendSave')}
            </Button>
            <Button size="sm" variant="subtle" onClick={() => setLine(null)}>
              {t('common:action.cancel')}
            </Button>
          </div>
        </form>
      ) : (
        <div>
          <Button size="sm" variant="light" leftSection={<IconPlus size={16} aria-hidden="true" />} onClick={() => setLine({ text: '', atMs: at })}>
            {t('clinical.amend')}
          </Button>
        </div>
      )}
    </div>
  );
}

function Lines({ lines }: { lines: readonly NoteLine[] }) {
  const { t } = useTranslation('review');
  if (lines.length === 0) return <p className={panel.hint}>{t('clinical.empty')}</p>;
  return (
    <ul className={classes.lines}>
      {lines.map((line, n) => (
        <li key={n}>
          {line.text} {line.atMs === undefined ? null : <TimeButton atMs={line.atMs} />}
        </li>
      ))}
    </ul>
  );
}
