/**
 * What a review is made of: the recording, its timeline (recording/FORMAT.md,
 * version 1) and the permission to play it. Times are milliseconds on the
 * recording's own clock.
 */
export type Source = 'camera' | 'microphone' | 'screen' | 'screen-audio';

export interface Span {
  fromMs: number;
  toMs: number;
}

export type Access = 'full' | 'comment' | 'own' | 'proof';
export type RecordingState = 'asking' | 'recording' | 'finalising' | 'ready' | 'failed' | 'cancelled' | 'erased';
export type Consent = 'wait' | 'agreed' | 'declined' | 'withdrawn';

export interface Recording {
  id: string;
  roomId: string;
  meetingId: string;
  title: string;
  kind: string;
  state: RecordingState;
  purpose: string;
  policyVersion: string;
  askedAt: string;
  startedAt?: string;
  stoppedAt?: string;
  durationMs: number;
  bytes: number;
  startedBy: { id: string; name: string };
  host: { id: string; name: string };
  people: { identity: string; name: string; role: string; consent: Consent; review: boolean }[];
  recovered: boolean;
  lostMs: number;
  failure?: string;
  legalHold: boolean;
  purgeAt?: string;
  tags?: string[];
  access: Access;
  share?: { id: string; fromMs: number; toMs: number; expiresAt: string };
  erasedAt?: string;
}

export interface TimelinePerson {
  id: string;
  name: string;
  role: string;
}

export interface TimelineLevels {
  person: string;
  stepMs: number;
  startMs: number;
  /** Base64, one byte a step: 0 silent … 127 loudest. */
  data: string;
}

export interface TimelineEvent {
  atMs: number;
  type: string;
  person?: string;
  track?: string;
  value?: string;
}

export interface TimelineGap {
  track: string;
  fromMs: number;
  toMs: number;
  reason: string;
}

export interface TimelineDip {
  atMs: number;
  person: string;
  up: number;
  reason: string;
}

export interface TimelineConsent {
  atMs: number;
  person: string;
  state: string;
  policyVersion: string;
}

export interface TimelineTrack {
  id: string;
  person: string;
  source: Source;
  kind: 'audio' | 'video';
  startMs: number;
  durationMs: number;
}

export interface Timeline {
  version: number;
  recording: string;
  startedAt: string;
  durationMs: number;
  recovered: boolean;
  lostMs: number;
  people: TimelinePerson[];
  tracks: TimelineTrack[];
  levels: TimelineLevels[];
  events: TimelineEvent[];
  gaps: TimelineGap[];
  quality: TimelineDip[];
  consents: TimelineConsent[];
}

export interface PlayTrack {
  id: string;
  person: string;
  source: Source;
  kind: 'audio' | 'video';
  mime: string;
  startMs: number;
  durationMs: number;
  width: number;
  height: number;
  url: string;
}

/** One permission to play, with what may be played. */
export interface Play extends Span {
  id: string;
  expiresAt: string;
  tracks: PlayTrack[];
}

export interface Mark {
  id: string;
  atMs: number;
  label: string;
}

export interface Note {
  id: string;
  /** The note this replies to. */
  parentId?: string;
  authorId: string;
  authorName: string;
  atMs: number;
  toMs?: number;
  /** Empty when deleted. */
  text: string;
  createdAt: string;
  editedAt?: string;
  deleted: boolean;
  resolvedAt?: string;
  resolvedBy?: string;
  mine: boolean;
}

/** A code of the practice's own set. */
export interface Tag {
  code: string;
  label: string;
  colour: string;
  archived?: boolean;
}

export type NoteFormat = 'soap' | 'dap';

export interface NoteLine {
  text: string;
  /** The moment of the recording the line speaks of. */
  atMs?: number;
}

export interface NoteSection {
  key: string;
  lines: NoteLine[];
}

export interface Signature {
  by: string;
  name: string;
  at: string;
  hash: string;
}

export interface ClinicalNote {
  format: NoteFormat;
  sections: NoteSection[];
  version: number;
  authorId: string;
  authorName: string;
  createdAt: string;
  updatedAt: string;
  readers: 'author' | 'team';
  mine: boolean;
  signature?: Signature;
  amendments: { seq: number; lines: NoteLine[]; signature: Signature }[];
}

export interface Caption {
  seq: number;
  startMs: number;
  endMs: number;
  spans: { voice?: string; text: string }[];
}

export interface Transcript {
  language: string;
  cues: number;
  importedBy: string;
  importedAt: string;
  items: Caption[];
}

/** A place the server's search found. */
export interface Hit {
  seq: number;
  startMs: number;
  endMs: number;
  voices: string[];
  snippet: { text: string; match?: boolean }[];
}

export interface Distribution {
  count: number;
  medianMs: number;
  p90Ms: number;
  longestMs: number;
  bins: { fromMs: number; count: number }[];
}

export interface Stretches {
  count: number;
  totalMs: number;
  longestMs: number;
  share: number;
}

export interface SpeakerFigures {
  person: string;
  name: string;
  role: string;
  /** Whether a microphone of theirs was recorded. */
  heard: boolean;
  speechMs: number;
  talkRatio: number;
  speechShare: number;
  turns: number;
  turnLengths: Distribution;
  latency: Distribution;
  interrupts: number;
  interrupted: number;
}

export interface Analytics {
  durationMs: number;
  analysedMs: number;
  speechMs: number;
  people: SpeakerFigures[];
  turns: ({ person: string } & Span)[];
  turnLengths: Distribution;
  latency: Distribution;
  overlap: Stretches;
  silence: Stretches;
  interruptions: number;
  /** How each figure is made. */
  definitions: { key: string; text: string }[];
}

export interface Viewer {
  identity: string;
  name: string;
  role: string;
  firstAt: string;
  lastAt: string;
  seconds: number;
  ranges: Span[];
}

export interface Share {
  id: string;
  user: { id: string; name: string };
  fromMs: number;
  /** 0 is the end. */
  toMs: number;
  note: string;
  createdAt: string;
  expiresAt: string;
  revokedAt?: string;
}
