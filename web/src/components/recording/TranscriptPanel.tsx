import '@/components/ui/fieldStyles';
import '@/components/ui/choiceStyles';
import { Button, FileButton, Switch, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconFileImport, IconSearch } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '@/components/ui/Dialog';
import { EmptyState } from '@/components/ui/EmptyState';
import { ProblemNotice } from '@/components/ui/Notice';
import { useToast } from '@/components/ui/toast';
import { ListSkeleton } from '@/components/ui/Waiting';
import { usePlayerState, usePosition, useReview } from '@/hooks/recording/reviewContext';
import { useTranscript, useTranscriptSearch } from '@/hooks/recording/useReview';
import { type Caption } from '@/lib/recording/model';
import { timecode } from '@/lib/recording/timecode';
import panel from './panel.module.css';
import classes from './TranscriptPanel.module.css';

/** The server's bound. */
const largest = 4 * 1024 * 1024;

/** What was said, to read along, to search, and to jump by. */
export function TranscriptPanel() {
  const { t } = useTranslation(['review', 'common']);
  const { id, recording } = useReview();
  const { text, load, remove } = useTranscript(id);
  const toast = useToast();
  const [removing, setRemoving] = useState(false);
  const [words, setWords] = useState('');
  const [follow, setFollow] = useState(true);
  const mayWrite = recording.access === 'full';

  const take = async (file: File | null) => {
    if (!file) return;
    if (file.size > largest) {
      toast.done(t('transcript.tooLarge'));
      return;
    }
    load.mutate(await file.text(), { onSuccess: () => toast.done(t('transcript.done')), onError: toast.failed });
  };
  const importer = (label: string) => (
    <FileButton accept="text/vtt,.vtt" onChange={(file) => void take(file)}>
      {(props) => (
        <Button {...props} variant="light" size="sm" loading={load.isPending} leftSection={<IconFileImport size={17} aria-hidden="true" />}>
          {label}
        </Button>
      )}
    </FileButton>
  );

  if (text.isPending) return <ListSkeleton rows={5} height={48} />;
  if (text.isError) return <ProblemNotice error={text.error} onRetry={() => void text.refetch()} />;
  if (text.data === null)
    return (
      <EmptyState title={t('transcript.none')} body={mayWrite ? t('transcript.noneBody') : undefined}>
        {mayWrite ? importer(t('transcript.load')) : null}
      </EmptyState>
    );
  return (
    <div className={panel.panel}>
      <div className={classes.tools}>
        <TextInput
          type="search"
          size="sm"
          aria-label={t('transcript.search')}
          placeholder={t('transcript.search')}
          leftSection={<IconSearch size={16} aria-hidden="true" />}
          value={words}
          onChange={(e) => setWords(e.currentTarget.value)}
        />
        <Switch label={t('transcript.follow')} checked={follow} onChange={(e) => setFollow(e.currentTarget.checked)} />
      </div>
      <Cues cues={text.data.items} words={words.trim()} follow={follow} onRead={() => setFollow(false)} />
      {mayWrite ? (
        <div className={panel.actions}>
          {importer(t('transcript.replace'))}
          <Button variant="subtle" size="sm" color="brick" onClick={() => setRemoving(true)}>
            {t('transcript.remove')}
          </Button>
        </div>
      ) : null}
      {removing ? (
        <Dialog title={t('transcript.removeTitle')} onClose={() => setRemoving(false)}>
          <p>{t('transcript.removeBody')}</p>
          <div className={panel.actions}>
            <Button variant="default" onClick={() => setRemoving(false)} data-autofocus>
              {t('common:action.cancel')}
            </Button>
            <Button
              color="brick"
              loading={remove.isPending}
              onClick={() =>
                remove.mutate(undefined, {
                  onSuccess: () => {
                    setRemoving(false);
                    toast.done(t('transcript.removed'));
                  },
                  onError: toast.failed,
                })
              }
            >
              {t('transcript.remove')}
            </Button>
          </div>
        </Dialog>
      ) : null}
    </div>
  );
}

/** Index of the cue one is at: the last that has begun. */
function indexAt(cues: readonly Caption[], at: number): number {
  let low = 0;
  let high = cues.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cues[middle]?.startMs ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function Cues({ cues, words, follow, onRead }: { cues: readonly Caption[]; words: string; follow: boolean; onRead: () => void }) {
  const { t } = useTranslation('review');
  const { id, playFrom } = useReview();
  const { status } = usePlayerState();
  const at = usePosition(250);
  const [asked] = useDebouncedValue(words, 250);
  const found = useTranscriptSearch(id, asked);
  const searching = words.length > 1;
  const now = searching ? -1 : indexAt(cues, at);
  const current = useRef<HTMLLIElement>(null);
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const node = current.current;
    const frame = list.current;
    if (!follow || !node || !frame || status !== 'playing') return;
    frame.scrollTo({ top: node.offsetTop - frame.clientHeight / 3, behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
  }, [now, follow, status]);
  return (
    <>
      <p className={panel.hint} role="status">
        {searching && found.data ? (found.data.length === 0 ? t('transcript.nothing') : t('transcript.found', { count: found.data.length })) : ''}
      </p>
      {/* A long text scrolls in its own frame, which must be reachable by key. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <ol ref={list} className={classes.cues} aria-label={t('transcript.label')} tabIndex={0} onWheel={onRead} onTouchMove={onRead}>
        {searching
          ? (found.data ?? []).map((hit) => (
              <li key={hit.seq} className={classes.cue}>
                <button type="button" onClick={() => playFrom(hit.startMs)}>
                  <span className={classes.time}>{timecode(hit.startMs)}</span>
                  <span>
                    {hit.voices.length > 0 ? <strong>{hit.voices.join(', ')}: </strong> : null}
                    {hit.snippet.map((piece, n) => (piece.match ? <mark key={n}>{piece.text}</mark> : piece.text))}
                  </span>
                </button>
              </li>
            ))
          : cues.map((cue, n) => (
              <li key={cue.seq} ref={n === now ? current : undefined} aria-current={n === now ? 'true' : undefined} className={classes.cue}>
                <button type="button" onClick={() => playFrom(cue.startMs)}>
                  <span className={classes.time}>{timecode(cue.startMs)}</span>
                  <span>
                    {cue.spans.map((span, i) => (
                      <span key={i}>
                        {span.voice ? <strong>{span.voice}: </strong> : null}
                        {span.text}{' '}
                      </span>
                    ))}
                  </span>
                </button>
              </li>
            ))}
      </ol>
    </>
  );
}
