// What a review is made of, by the names the server gives them. Times are
// milliseconds on the recording's own clock (recording/FORMAT.md).
import { type components } from '../api/schema.gen';

type Schemas = components['schemas'];

/** A part of the recording. */
export type Span = Schemas['WatchedRange'];

export type Recording = Schemas['Recording'];
export type Consent = Recording['people'][number]['consent'];
export type Viewer = Schemas['Viewer'];
export type Share = Schemas['RecordingShare'];

export type Timeline = Schemas['RecordingTimeline'];
export type TimelineLevels = Schemas['TimelineLevels'];
export type TimelineGap = Schemas['TimelineGap'];

/** One permission to play, with what may be played. */
export type Play = Schemas['Play'];
export type PlayTrack = Schemas['PlayTrack'];
export type Source = PlayTrack['source'];

export type Mark = Schemas['Mark'];
export type Note = Schemas['Note'];
export type Tag = Schemas['Tag'];

export type ClinicalNote = Schemas['ClinicalNote'];
export type NoteFormat = ClinicalNote['format'];
export type NoteSection = Schemas['Section'];
export type NoteLine = Schemas['Line'];

export type Transcript = Schemas['TranscriptBody'];
export type Caption = Schemas['Caption'];
export type Hit = Schemas['Hit'];

export type Analytics = Schemas['Analytics'];
export type Distribution = Schemas['Distribution'];
