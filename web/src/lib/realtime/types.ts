/**
 * The words of a call, taken from the frames themselves so that a change in
 * the server's types is a type error here and not a surprise in a session.
 */
import type { Pushes, Requests } from './events.gen';

export type Joined = Requests['room.join']['response'];
export type VideoRoom = Joined['room'];
export type Participant = Joined['self'];
export type IceServer = Joined['iceServers'][number];
export type View = Requests['rtc.view']['request']['views'][number];
export type TrackInfo = Requests['rtc.offer']['request']['tracks'][number];
export type Slot = Pushes['rtc.slots']['slots'][number];
export type Demand = Pushes['rtc.demand']['demand'][number];
export type Speaker = Pushes['room.speakers']['speakers'][number];
export type QualityReport = Pushes['room.quality'];
export type Score = QualityReport['up'];

/** What one track shows or says. */
export type Source = 'camera' | 'microphone' | 'screen' | 'screen-audio';
