import '@mantine/core/styles/Tabs.layer.css';
import '@/components/ui/fieldStyles';
import { ActionIcon, Button, Tabs } from '@mantine/core';
import { IconKeyboard, IconLayoutGrid, IconLayoutSidebarRight, IconLink, IconMaximize, IconPictureInPicture, IconShare2 } from '@tabler/icons-react';
import { lazy, Suspense, useCallback, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Notice } from '@/components/ui/Notice';
import { useToast } from '@/components/ui/toast';
import { ListSkeleton } from '@/components/ui/Waiting';
import { usePlayerState, useReview } from '@/hooks/recording/reviewContext';
import { useMarks, useNotes } from '@/hooks/recording/useReview';
import { useReviewKeys } from '@/hooks/recording/useReviewKeys';
import { useClock } from '@/hooks/usePrefs';
import { type ReviewAction } from '@/lib/recording/keys';
import { rates } from '@/lib/recording/player';
import { timecode } from '@/lib/recording/timecode';
import { momentOf } from '@/lib/time';
import { NotesPanel } from './NotesPanel';
import { type Layout, Stage } from './Stage';
import { Timeline } from './Timeline';
import { Transport } from './Transport';
import { useTrackName } from './useTrackName';
import classes from './Workspace.module.css';

const AnalyticsPanel = lazy(() => import('./AnalyticsPanel').then((m) => ({ default: m.AnalyticsPanel })));
const ClinicalNotePanel = lazy(() => import('./ClinicalNotePanel').then((m) => ({ default: m.ClinicalNotePanel })));
const TranscriptPanel = lazy(() => import('./TranscriptPanel').then((m) => ({ default: m.TranscriptPanel })));
const DetailsPanel = lazy(() => import('./DetailsPanel').then((m) => ({ default: m.DetailsPanel })));
const ShareDialog = lazy(() => import('./ShareDialog').then((m) => ({ default: m.ShareDialog })));
const KeysDialog = lazy(() => import('./KeysDialog').then((m) => ({ default: m.KeysDialog })));

const panels = ['notes', 'clinical', 'transcript', 'analytics', 'details'] as const;
type PanelName = (typeof panels)[number];

/** The player with everything beside it. */
export function Workspace() {
  const { t } = useTranslation('review');
  const { id, recording, player, range } = useReview();
  const state = usePlayerState();
  const toast = useToast();
  const full = recording.access === 'full';
  const marks = useMarks(id, full);
  const notes = useNotes(id);
  const [layout, setLayout] = useState<Layout>('speaker');
  const [pinned, setPinned] = useState<string | null>(null);
  const [tab, setTab] = useState<PanelName>('notes');
  const [dialog, setDialog] = useState<'share' | 'keys' | null>(null);
  const [noteAt, setNoteAt] = useState<number | null>(null);
  const [mainTrack, setMainTrack] = useState<string>();
  const field = useRef<HTMLTextAreaElement>(null);
  const screen = useRef<HTMLDivElement>(null);
  // A share is for comments: no clinical note, no figures.
  const shown = panels.filter((p) => full || p === 'notes' || p === 'transcript' || p === 'details');

  const mark = () => {
    const atMs = Math.round(player.position.get());
    marks.add.mutate({ atMs, label: '' }, { onSuccess: () => toast.done(t('notes.markAdded', { time: timecode(atMs) })), onError: toast.failed });
  };
  const writeNote = () => {
    setNoteAt(Math.round(player.position.get()));
    setTab('notes');
    // After the panel stands.
    requestAnimationFrame(() => field.current?.focus());
  };
  const copyLink = async () => {
    const atMs = player.position.get();
    const link = `${window.location.origin}/recordings/${id}?t=${Math.floor(atMs / 1000)}`;
    try {
      await navigator.clipboard.writeText(link);
      toast.done(t('copied', { time: timecode(atMs) }));
    } catch {
      toast.done(t('copyFailed', { link }));
    }
  };
  const fullscreen = () => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void screen.current?.requestFullscreen?.().catch(() => undefined);
  };
  const pip = () => {
    const media = mainTrack === undefined ? undefined : player.lane(mainTrack)?.media;
    if (document.pictureInPictureElement) void document.exitPictureInPicture();
    else if (media instanceof HTMLVideoElement) void media.requestPictureInPicture().catch(toast.failed);
  };
  const faster = (by: number) => {
    const n = rates.findIndex((r) => r === state.rate);
    player.setRate(rates[Math.min(rates.length - 1, Math.max(0, n + by))] ?? 1);
  };
  const step = useCallback((direction: 1 | -1) => void player.step(direction, mainTrack), [player, mainTrack]);

  useReviewKeys(dialog === null, (action: ReviewAction) => {
    switch (action.type) {
      case 'toggle':
        return player.toggle();
      case 'skip':
        return player.skip(action.ms);
      case 'step':
        return step(action.direction);
      case 'goto':
        return player.seek(range.fromMs + action.part * (range.toMs - range.fromMs));
      case 'edge':
        return player.seek(action.end ? range.toMs : range.fromMs);
      case 'faster':
        return faster(1);
      case 'slower':
        return faster(-1);
      case 'mark':
        return full ? mark() : undefined;
      case 'note':
        return writeNote();
      case 'silence':
        return player.setSkipSilence(!state.skipSilence);
      case 'fullscreen':
        return fullscreen();
      case 'copy':
        return void copyLink();
      case 'help':
        return setDialog('keys');
    }
  });

  const canPip = typeof document !== 'undefined' && document.pictureInPictureEnabled;
  return (
    <>
      <Banners />
      <div className={classes.work}>
        <div ref={screen} className={classes.screen}>
          <div className={classes.stage}>
            <Stage layout={layout} pinned={pinned} onPin={setPinned} onMain={setMainTrack} />
            <div className={classes.stageTools}>
              <ActionIcon
                className={classes.onStage ?? ''}
                aria-label={`${t('stage.layout')}: ${t(layout === 'grid' ? 'stage.speaker' : 'stage.grid')}`}
                title={t(layout === 'grid' ? 'stage.speaker' : 'stage.grid')}
                onClick={() => {
                  setPinned(null);
                  setLayout(layout === 'grid' ? 'speaker' : 'grid');
                }}
              >
                {layout === 'grid' ? <IconLayoutSidebarRight size={19} /> : <IconLayoutGrid size={19} />}
              </ActionIcon>
              {canPip ? (
                <ActionIcon className={classes.onStage ?? ''} disabled={mainTrack === undefined} aria-label={t('stage.pip')} title={t('stage.pip')} onClick={pip}>
                  <IconPictureInPicture size={19} />
                </ActionIcon>
              ) : null}
              <ActionIcon className={classes.onStage ?? ''} aria-label={t('stage.fullscreen')} title={t('stage.fullscreen')} onClick={fullscreen}>
                <IconMaximize size={19} />
              </ActionIcon>
            </div>
          </div>
          <div className={classes.transport}>
            <Transport onStep={step} onMark={full ? mark : undefined} onNote={writeNote} />
          </div>
          <div className={classes.timeline}>
            <Timeline marks={marks.list.data ?? []} notes={notes.list.data ?? []} />
          </div>
        </div>
        <div className={classes.side}>
          <div className={classes.actions}>
            <Button variant="light" size="compact-md" leftSection={<IconLink size={16} aria-hidden="true" />} onClick={() => void copyLink()}>
              {t('copyLink')}
            </Button>
            {full ? (
              <Button variant="light" size="compact-md" leftSection={<IconShare2 size={16} aria-hidden="true" />} onClick={() => setDialog('share')}>
                {t('share.action')}
              </Button>
            ) : null}
            <ActionIcon className={classes.keys ?? ''} aria-label={t('transport.keys')} title={t('transport.keys')} onClick={() => setDialog('keys')}>
              <IconKeyboard size={20} />
            </ActionIcon>
          </div>
          <Tabs value={tab} onChange={(value) => setTab((value ?? 'notes') as PanelName)} keepMounted={false} className={classes.tabs ?? ''} classNames={{ panel: classes.panel ?? '', list: classes.tabList ?? '' }}>
            <Tabs.List aria-label={t('tab.label')}>
              {shown.map((name) => (
                <Tabs.Tab key={name} value={name}>
                  {t(`tab.${name}`)}
                </Tabs.Tab>
              ))}
            </Tabs.List>
            {shown.map((name) => (
              <Tabs.Panel key={name} value={name}>
                <h2 className={classes.hidden}>{t(`tab.${name}`)}</h2>
                <Suspense fallback={<ListSkeleton />}>
                  {name === 'notes' ? <NotesPanel notes={notes} marks={full ? marks : undefined} field={field} noteAt={noteAt} onNoteAt={setNoteAt} /> : null}
                  {name === 'clinical' ? <ClinicalNotePanel /> : null}
                  {name === 'transcript' ? <TranscriptPanel /> : null}
                  {name === 'analytics' ? <AnalyticsPanel /> : null}
                  {name === 'details' ? <DetailsPanel /> : null}
                </Suspense>
              </Tabs.Panel>
            ))}
          </Tabs>
        </div>
      </div>
      <Suspense fallback={null}>
        {dialog === 'share' ? <ShareDialog onClose={() => setDialog(null)} /> : null}
        {dialog === 'keys' ? <KeysDialog onClose={() => setDialog(null)} /> : null}
      </Suspense>
    </>
  );
}

/** What one must know before one watches: whose it is, what is missing, what cannot be played. */
function Banners() {
  const { t } = useTranslation('review');
  const { recording, range, player } = useReview();
  const nameTrack = useTrackName();
  const { faulty } = usePlayerState();
  const clock = useClock();
  const { share } = recording;
  const broken = faulty
    .map((id) => player.lane(id)?.track)
    .filter((track) => track !== undefined)
    .map(nameTrack);
  if (!share && !recording.recovered && broken.length === 0) return null;
  return (
    <div className={classes.banners}>
      {share && recording.access === 'comment' ? (
        <Notice tone="brand">
          <p>
            {t('banner.share', {
              host: recording.host.name,
              range: range.fromMs > 0 || range.toMs < recording.durationMs ? `${timecode(range.fromMs)} – ${timecode(range.toMs)}` : t('share.entire'),
              when: momentOf(clock, new Date(share.expiresAt)),
            })}
          </p>
        </Notice>
      ) : null}
      {recording.recovered ? (
        <Notice tone="clay">
          <p>
            {t('banner.recovered')}{' '}
            {recording.lostMs > 0 ? t('banner.lost', { seconds: new Intl.NumberFormat(clock.locale, { maximumFractionDigits: 1 }).format(recording.lostMs / 1000) }) : t('banner.lostNone')}
          </p>
        </Notice>
      ) : null}
      {broken.length > 0 ? (
        <Notice tone="brick" alert>
          <p>{t('banner.faulty', { what: broken.join(', ') })}</p>
        </Notice>
      ) : null}
    </div>
  );
}
