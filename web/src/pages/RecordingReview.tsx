import { Button } from '@mantine/core';
import { IconArrowLeft } from '@tabler/icons-react';
import { type ReactNode, useEffect, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams, useSearchParams } from 'react-router';
import { Workspace } from '@/components/recording/Workspace';
import tones from '@/components/recording/tones.module.css';
import { OfflineIndicator } from '@/components/offline/OfflineIndicator';
import { EmptyState } from '@/components/ui/EmptyState';
import { ProblemNotice } from '@/components/ui/Notice';
import { useHeadingFocus, useTitle } from '@/components/ui/Page';
import { ListSkeleton } from '@/components/ui/Waiting';
import { type Review, ReviewContext } from '@/hooks/recording/reviewContext';
import { usePlayer } from '@/hooks/recording/usePlayer';
import { useRecording, useTimeline } from '@/hooks/recording/useRecording';
import { useReadable } from '@/hooks/useReadable';
import { useClock } from '@/hooks/usePrefs';
import { useSocket } from '@/hooks/useSocket';
import { isGone } from '@/lib/api/services/recordings';
import { decodeLevels } from '@/lib/recording/levels';
import { type Recording, type Timeline } from '@/lib/recording/model';
import { type Player } from '@/lib/recording/player';
import { secondsParam } from '@/lib/recording/timecode';
import { momentOf } from '@/lib/time';
import classes from './RecordingReview.module.css';

const toneCount = 5;

/** One recording, to be watched and worked with; ?t= is the second it opens at. */
export function RecordingReview() {
  const { t } = useTranslation('review');
  const { recording: id = '' } = useParams();
  useSocket();
  const recording = useRecording(id);
  if (recording.isPending) {
    return (
      <Frame title={t('title')}>
        <ListSkeleton rows={3} height={160} />
      </Frame>
    );
  }
  if (recording.isError) return isGone(recording.error) ? <Absent /> : <Trouble error={recording.error} retry={() => void recording.refetch()} />;
  const { state, access } = recording.data;
  if (state === 'ready' && (access === 'full' || access === 'comment')) return <Watch key={id} recording={recording.data} />;
  return <Unwatchable recording={recording.data} />;
}

function useWords(recording: Recording) {
  const { t } = useTranslation('review');
  const clock = useClock();
  const when = momentOf(clock, new Date(recording.startedAt ?? recording.askedAt));
  const others = recording.people.filter((p) => p.identity !== recording.host.id).map((p) => p.name);
  return {
    title: recording.title || t('untitled', { when }),
    lead: [recording.title ? when : '', others.length > 0 ? t('with', { names: new Intl.ListFormat(clock.locale).format(others) }) : ''].filter(Boolean).join(' · '),
  };
}

function Frame({ title, lead, children }: { title: string; lead?: string; children: ReactNode }) {
  const { t } = useTranslation('review');
  useTitle(title);
  const heading = useHeadingFocus();
  return (
    <div className={`${classes.page} ${tones.tones}`}>
      <header className={classes.head}>
        <Link to="/recordings" className={classes.back} aria-label={t('back')} title={t('back')}>
          <IconArrowLeft size={20} aria-hidden="true" />
        </Link>
        <div className={classes.words}>
          <h1 ref={heading} tabIndex={-1} className={classes.title}>
            {title}
          </h1>
          {lead ? <p className={classes.lead}>{lead}</p> : null}
        </div>
      </header>
      <main id="content" className={classes.main}>
        <OfflineIndicator />
        {children}
      </main>
    </div>
  );
}

function Trouble({ error, retry }: { error: unknown; retry: () => void }) {
  const { t } = useTranslation('review');
  return (
    <Frame title={t('title')}>
      <div className={classes.message}>
        <ProblemNotice error={error} onRetry={retry} />
      </div>
    </Frame>
  );
}

function Absent() {
  const { t } = useTranslation('review');
  return (
    <Frame title={t('title')}>
      <Message title={t('state.absentTitle')} body={t('state.absent')} />
    </Frame>
  );
}

function Message({ title, body, alert = false }: { title: string; body: string; alert?: boolean }) {
  const { t } = useTranslation('review');
  return (
    <div className={classes.message} role={alert ? 'alert' : undefined}>
      <EmptyState title={title} body={body}>
        <Button component={Link} to="/recordings" variant="light">
          {t('state.open')}
        </Button>
      </EmptyState>
    </div>
  );
}

/** Not ready, not any more, or not for this person's eyes: why, and where to go. */
function Unwatchable({ recording }: { recording: Recording }) {
  const { t } = useTranslation('review');
  const clock = useClock();
  const { title, lead } = useWords(recording);
  const body = () => {
    if (recording.state === 'erased') return t('state.erased', { when: recording.erasedAt ? momentOf(clock, new Date(recording.erasedAt)) : '' });
    if (recording.state !== 'ready') return [t(`state.${recording.state}`), recording.failure].filter(Boolean).join(' ');
    return t(recording.access === 'own' ? 'state.own' : 'state.proof');
  };
  return (
    <Frame title={title} lead={lead}>
      <Message title={title} body={body()} />
    </Frame>
  );
}

function Watch({ recording }: { recording: Recording }) {
  const { t } = useTranslation('review');
  const [query] = useSearchParams();
  const { title, lead } = useWords(recording);
  const startAt = secondsParam(query.get('t'));
  const timeline = useTimeline(recording.id);
  const { play, player } = usePlayer(recording.id, timeline.data, startAt);

  // A link to another second of the same recording, followed from inside it.
  useEffect(() => {
    if (player && startAt !== null) player.seek(startAt);
  }, [player, startAt]);

  const failed = play.error ?? timeline.error;
  if (failed && isGone(failed)) return <Absent />;
  if (failed) return <Trouble error={failed} retry={() => void (play.isError ? play.refetch() : timeline.refetch())} />;
  if (!player || !timeline.data) {
    return (
      <Frame title={title} lead={lead}>
        <div className={classes.message}>
          <p role="status">{t('stage.loading')}</p>
          <ListSkeleton rows={2} height={200} />
        </div>
      </Frame>
    );
  }
  return <Watching recording={recording} timeline={timeline.data} player={player} title={title} lead={lead} />;
}

function Watching({ recording, timeline, player, title, lead }: { recording: Recording; timeline: Timeline; player: Player; title: string; lead: string }) {
  const { t } = useTranslation('review');
  const { status } = useReadable(player.state);
  const review = useMemo((): Review => {
    const names = new Map([...timeline.people.map((p) => [p.id, p.name] as const), ...recording.people.map((p) => [p.identity, p.name] as const)]);
    return {
      id: recording.id,
      recording,
      timeline,
      levels: decodeLevels(timeline.levels),
      player,
      range: player.range,
      nameOf: (person) => names.get(person) ?? person,
      toneOf: (person) => Math.max(0, timeline.people.findIndex((p) => p.id === person)) % toneCount,
      playFrom: (atMs) => {
        player.seek(atMs);
        player.play();
      },
    };
  }, [recording, timeline, player]);
  return (
    <Frame title={title} lead={lead}>
      {status === 'gone' ? (
        <Message title={t('state.goneTitle')} body={t('state.gone')} alert />
      ) : (
        <ReviewContext value={review}>
          <Workspace />
        </ReviewContext>
      )}
    </Frame>
  );
}
