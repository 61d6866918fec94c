// Frames of the socket, as the server declares them. Written by the program; do not edit.

export type Source = 'camera' | 'microphone' | 'screen' | 'screen-audio';

export interface Person {
  id: string;
  name: string;
}

export interface Member {
  id: string;
  name: string;
  role: string;
}

export interface VideoRoom {
  id: string;
  meetingId: string;
  title: string;
  kind: 'individual' | 'couple' | 'group';
  engine: 'sfu' | 'jitsi';
  state: 'scheduled' | 'open' | 'live' | 'ended';
  startsAt: string;
  endsAt: string;
  startedAt?: string;
  host: Person;
  members: Member[];
  waitingRoom: boolean;
  locked: boolean;
  myRole: 'host' | 'participant' | 'guest' | 'observer';
  joinableFrom: string;
}

export interface PublishedTrack {
  source: Source;
  kind: 'audio' | 'video';
  codec: string;
}

export interface Participant {
  id: string;
  identity: string;
  name: string;
  role: 'host' | 'participant' | 'guest';
  state: 'waiting' | 'joined' | 'reconnecting' | 'left';
  microphone: boolean;
  camera: boolean;
  screen: boolean;
  handRaised: boolean;
  mutedByHost: boolean;
  joinedAt: string;
  tracks: PublishedTrack[];
}

export interface IceServer {
  urls: string[];
  username?: string;
  credential?: string;
}

export interface Joined {
  room: VideoRoom;
  self: Participant;
  participants: Participant[];
  iceServers: IceServer[];
}

export interface TrackInfo {
  mid: string;
  source: Source;
}

export interface View {
  participant: string;
  source: Source;
  width: number;
  height: number;
  visible: boolean;
  priority: number;
}

export interface Slot {
  mid: string;
  participant: string;
  source: Source;
  active: boolean;
  layer: string;
  width: number;
  height: number;
  reason: string;
}

export interface Demand {
  mid: string;
  source: Source;
  rids: string[];
}

export interface Score {
  value: number;
  level: 'excellent' | 'good' | 'poor' | 'lost';
  reason: string;
  loss: number;
  rttMs: number;
  jitterMs: number;
  bitrate: number;
}

export interface Speaker {
  participant: string;
  level: number;
}

export type Empty = Record<string, never>;

export interface Requests {
  'room.join': { request: { room: string; device?: string }; response: Joined };
  'room.leave': { request: { room: string }; response: Empty };
  'room.admit': { request: { room: string; participant: string }; response: Empty };
  'room.deny': { request: { room: string; participant: string }; response: Empty };
  'room.kick': { request: { room: string; participant: string }; response: Empty };
  'room.mute': { request: { room: string; participant: string; source: Source }; response: Empty };
  'room.end': { request: { room: string }; response: Empty };
  'room.hand': { request: { room: string; raised: boolean }; response: Empty };
  'room.media': {
    request: { room: string; microphone: boolean; camera: boolean; screen: boolean };
    response: Empty;
  };
  'rtc.offer': { request: { room: string; sdp: string; tracks: TrackInfo[] }; response: { sdp: string } };
  'rtc.candidate': {
    request: { room: string; candidate: string; mid: string; mline: number };
    response: Empty;
  };
  'rtc.view': { request: { room: string; views: View[] }; response: Empty };
  'precall.offer': { request: { sdp: string; tracks: TrackInfo[] }; response: { sdp: string } };
  'precall.end': { request: Empty; response: Empty };
}

export interface Pushes {
  'room.changed': { room: VideoRoom };
  'room.participant': { participant: Participant };
  'room.left': { participant: string; reason: string };
  'room.ended': { reason: string };
  'room.speakers': { speakers: Speaker[] };
  'room.quality': { participant: string; up: Score; down: Score };
  'room.admitted': { room: VideoRoom; self: Participant; participants: Participant[] };
  'room.denied': { room: string };
  'room.kicked': { room: string };
  'room.muted': { source: Source; by: string };
  'room.replaced': { room: string };
  'rtc.slots': { slots: Slot[] };
  'rtc.demand': { demand: Demand[] };
  'rtc.state': { state: string };
  'rtc.candidate': { candidate: string; mid: string; mline: number };
  'presence.changed': { user: string; state: 'online' | 'session' | 'away' | 'offline' };
}
