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
  kind: 'individual' | 'couple' | 'group';
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
  people: { identity: string; name: string; role: string; consent: Consent }[];
  recovered: boolean;
  lostMs: number;
  failure?: string;
  legalHold: boolean;
  purgeAt?: string;
  tags: string[];
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
  person: string;
  track: string;
  value: string;
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
  atMs: number;
  toMs?: number;
  text: string;
  parentId?: string;
  author: { id: string; name: string };
  createdAt: string;
  updatedAt?: string;
  resolvedAt?: string;
  mine: boolean;
}

export interface Code {
  code: string;
  label: string;
  group?: string;
}

export type NoteFormat = 'soap' | 'dap';

export interface NoteLine {
  text: string;
  /** The second of the recording the line speaks of. */
  atMs?: number;
}

export interface NoteSection {
  key: string;
  lines: NoteLine[];
}

export interface ClinicalNote {
  format: NoteFormat;
  sections: NoteSection[];
  version: number;
  updatedAt?: string;
  signedAt?: string;
  signedBy?: { id: string; name: string };
  amendments: { at: string; by: { id: string; name: string }; lines: NoteLine[] }[];
}

export interface Cue extends Span {
  id: string;
  speaker?: string;
  text: string;
}

export interface PersonTalk {
  person: string;
  talkMs: number;
  share: number;
  turns: number;
  meanTurnMs: number;
  medianTurnMs: number;
  longestTurnMs: number;
  meanLatencyMs?: number;
  medianLatencyMs?: number;
}

export interface Analytics {
  durationMs: number;
  people: PersonTalk[];
  overlapMs: number;
  silenceMs: number;
  longestSilenceMs: number;
  /** How each figure is made, by its name. */
  definitions: Record<string, string>;
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
  toMs: number;
  expiresAt: string;
  note: string;
  revokedAt?: string;
}
