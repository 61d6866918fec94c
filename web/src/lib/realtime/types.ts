/**
 * The words of a call, taken from the frames themselves so that a change in
 * the server's types is a type error here and not a surprise in a session.
 * Where the wire says only "string", the few words it may be are named.
 */
import type { Pushes, Requests } from './events.gen';

/** What one track shows or says. */
export type Source = 'camera' | 'microphone' | 'screen' | 'screen-audio';

type WithSource<T> = Omit<T, 'source'> & { source: Source };

export type Joined = Requests['room.join']['response'];
export type VideoRoom = Joined['room'];
export type Participant = Joined['self'];
export type IceServer = Joined['iceServers'][number];
export type View = WithSource<Requests['rtc.view']['request']['views'][number]>;
export type TrackInfo = WithSource<Requests['rtc.offer']['request']['tracks'][number]>;
export type Slot = WithSource<Pushes['rtc.slots']['slots'][number]>;
export type Demand = WithSource<Pushes['rtc.demand']['demand'][number]>;
export type Speaker = Pushes['room.speakers']['speakers'][number];
export type QualityReport = Pushes['room.quality'];
export type Score = QualityReport['up'];
export type RecordingStatus = Pushes['recording.status']['recording'];
export type RecordingSubject = RecordingStatus['people'][number];
export type Consent = RecordingSubject['consent'];
/** What a person may say; `wait` is for the server to say. */
export type Decision = Exclude<Consent, 'wait'>;
