// Written by the program from its frame types; do not edit.

export interface AccountChanged {
  part: string;
}

export interface CandidateRequest {
  room: string;
  candidate: string;
  mid?: string;
  mline?: number;
}

export type Consent = 'wait' | 'agreed' | 'declined' | 'withdrawn';

export type Decision = 'agreed' | 'declined' | 'withdrawn';

export interface DenyRequest {
  room: string;
  participant: string;
  reason?: string;
}

export type Disk = 'ok' | 'low' | 'full';

export type Done = Record<string, never>;

export interface EarlyCandidate {
  candidate: string;
  mid?: string;
  mline?: number;
}

export type EarlyEnd = Record<string, never>;

export interface EarlyState {
  room: string;
  state: string;
}

export interface Field {
  location: string;
  message: string;
}

export interface GetRequest {
  users: string[];
}

export interface GetResponse {
  users: Presence[];
}

export interface HandRequest {
  room: string;
  raised: boolean;
}

export interface Hello {
  token?: string;
  resume?: Record<string, Position>;
}

export interface ICEServer {
  urls: string[];
  username?: string;
  credential?: string;
}

export interface Identity {
  id: string;
  name: string;
  kind: string;
  role?: string;
}

export interface JoinRequest {
  room: string;
}

export interface JoinResult {
  room: VideoRoom;
  self: Participant;
  participants: Participant[];
  iceServers: ICEServer[];
  limits: RoomLimits;
  early: boolean;
}

export type Kind = 'individual' | 'couple' | 'group';

export interface LockRequest {
  room: string;
  locked: boolean;
}

export interface MediaConnection {
  state: string;
  up: string;
  down: string;
}

export interface MediaRequest {
  room: string;
  microphone: boolean;
  camera: boolean;
  screen: boolean;
}

export interface MuteRequest {
  room: string;
  participant: string;
  source: Source;
}

export interface OfferRequest {
  room: string;
  sdp: string;
  tracks: TrackInfo[];
}

export interface OfferResult {
  sdp: string;
}

export interface Participant {
  id: string;
  identity: string;
  name: string;
  role: RoomRole;
  state: SeatState;
  kicked: boolean;
  connection: MediaConnection;
  microphone: boolean;
  camera: boolean;
  screen: boolean;
  handRaised: boolean;
  mutedByHost: boolean;
  joinedAt: string;
  tracks: PublishedTrack[];
}

export interface ParticipantChanged {
  participant: Participant;
}

export interface ParticipantGone {
  participant: string;
  reason: string;
}

export interface ParticipantRequest {
  room: string;
  participant: string;
}

export type Ping = Record<string, never>;

export type Pong = Record<string, never>;

export interface Position {
  offset: number;
  epoch: string;
}

export interface PrecallCandidate {
  candidate: string;
  mid?: string;
  mline?: number;
}

export type PrecallEnd = Record<string, never>;

export interface PrecallOffer {
  sdp: string;
  tracks: TrackInfo[];
}

export interface PrecallQuality {
  up: Score;
  down: Score;
}

export interface PrecallSlots {
  slots: Slot[];
}

export interface PrecallState {
  state: string;
}

export interface Presence {
  user: string;
  state: PresenceState;
  since?: string;
}

export type PresenceState = 'inSession' | 'doNotDisturb' | 'online' | 'away' | 'offline';

export interface Problem {
  status: number;
  code: string;
  message: string;
  fields?: Field[];
  retryAfter?: number;
}

export interface PublishedTrack {
  source: string;
  kind: string;
  codec: string;
}

export interface RTCDemand {
  room: string;
  demand: Want[];
}

export interface RTCQuality {
  room: string;
  up: Score;
  down: Score;
  tracks: TrackScore[];
}

export interface RTCSlots {
  room: string;
  slots: Slot[];
}

export interface RTCState {
  room: string;
  state: string;
}

export interface RecordingDecision {
  room: string;
  recording: string;
  decision: Decision;
  policyVersion: string;
}

export interface RecordingMark {
  id: string;
  atMs: number;
  label: string;
}

export interface RecordingMarkRequest {
  room: string;
  label?: string;
}

export interface RecordingMarked {
  mark: RecordingMark;
}

export interface RecordingMaybe {
  recording?: RecordingStatus;
}

export interface RecordingPush {
  room: string;
  recording: RecordingStatus;
}

export interface RecordingResult {
  recording: RecordingStatus;
}

export type RecordingRole = 'host' | 'participant' | 'guest';

export interface RecordingRoom {
  room: string;
}

export interface RecordingStart {
  room: string;
  purpose?: string;
}

export type RecordingState = 'asking' | 'recording' | 'finalising' | 'ready' | 'failed' | 'cancelled' | 'erased';

export interface RecordingStatus {
  id: string;
  state: RecordingState;
  purpose: string;
  policyVersion: string;
  policyText: string;
  startedBy: RecordingUser;
  askedAt: string;
  startedAt?: string;
  elapsedMs: number;
  disk: Disk;
  reason?: string;
  people: StatusPerson[];
}

export interface RecordingUser {
  id: string;
  name: string;
}

export interface RecordingsChanged {
  recording: string;
  state: string;
}

export interface ReviewChanged {
  recording: string;
  what: string;
}

export interface Room {
  id: string;
  meetingId: string;
  title: string;
  kind: Kind;
  engine: string;
  state: RoomState;
  startsAt: string;
  endsAt: string;
  startedAt?: string;
  endedAt?: string;
  host: RoomPerson;
  waitingRoom: boolean;
  locked: boolean;
  joinableFrom: string;
}

export interface RoomAdmitted {
  room: VideoRoom;
  self: Participant;
  participants: Participant[];
}

export interface RoomDenied {
  room: string;
  reason: string;
  retryAfter: number;
}

export interface RoomEndedPush {
  room: string;
  reason: string;
}

export interface RoomKicked {
  room: string;
}

export interface RoomLimits {
  participants: number;
  seatGraceMs: number;
  publish: boolean;
  subscribe: boolean;
}

export interface RoomMember {
  id: string;
  name: string;
  role: RoomRole;
}

export interface RoomMuted {
  room: string;
  source: Source;
  by: string;
}

export interface RoomPerson {
  id: string;
  name: string;
}

export interface RoomQuality {
  participant: string;
  up: Score;
  down: Score;
}

export interface RoomReplaced {
  room: string;
}

export interface RoomRequest {
  room: string;
}

export interface RoomResult {
  room: VideoRoom;
}

export type RoomRole = 'host' | 'participant' | 'guest' | 'observer';

export interface RoomSpeakers {
  speakers: Speaker[];
}

export type RoomState = 'scheduled' | 'open' | 'live' | 'ended';

export interface RoomUpdate {
  room: Room;
}

export interface RoomsChanged {
  room: string;
  state: string;
}

export interface Score {
  value: number;
  level: string;
  reason: string;
  loss: number;
  rttMs: number;
  jitterMs: number;
  bitrate: number;
}

export type SeatState = 'waiting' | 'joined' | 'reconnecting' | 'left';

export interface SelfResult {
  self: Participant;
}

export interface SetRequest {
  state: Wish;
}

export interface SetResponse {
  state: PresenceState;
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

export type Source = 'camera' | 'microphone' | 'screen' | 'screen-audio';

export interface Speaker {
  participant: string;
  level: number;
}

export interface StatusPerson {
  participant: string;
  identity: string;
  name: string;
  role: RecordingRole;
  consent: Consent;
  recorded: boolean;
}

export interface TopicPosition {
  offset: number;
  epoch: string;
  recovered: boolean;
}

export interface TopicResult {
  offset: number;
  epoch: string;
  recovered: boolean;
  error?: Problem;
}

export interface TopicSubscribe {
  topic: string;
  offset?: number;
  epoch?: string;
}

export interface TopicSubscribed {
  topic: string;
  offset: number;
  epoch: string;
}

export interface TopicUnsubscribe {
  topic: string;
}

export interface TopicUnsubscribed {
  topic: string;
}

export interface TrackInfo {
  mid: string;
  source: Source;
}

export interface TrackScore {
  participant: string;
  source: Source;
  score: Score;
}

export interface VideoRoom {
  id: string;
  meetingId: string;
  title: string;
  kind: Kind;
  engine: string;
  state: RoomState;
  startsAt: string;
  endsAt: string;
  startedAt?: string;
  endedAt?: string;
  host: RoomPerson;
  waitingRoom: boolean;
  locked: boolean;
  joinableFrom: string;
  members: RoomMember[];
  myRole: RoomRole;
  waiting: number;
}

export interface View {
  participant: string;
  source: Source;
  width: number;
  height: number;
  visible: boolean;
  priority: number;
}

export interface ViewRequest {
  room: string;
  views: View[];
}

export interface Want {
  mid: string;
  source: Source;
  rids: string[];
  maxBitrate: number;
}

export interface Welcome {
  connection: string;
  heartbeat: number;
  user: Identity;
  topics: Record<string, TopicResult>;
}

export type Wish = 'online' | 'away' | 'doNotDisturb';

/** Client → server: what to send, and what the reply holds. */
export interface Requests {
  'early.candidate': { request: EarlyCandidate; response: Done };
  'early.end': { request: EarlyEnd; response: Done };
  'early.offer': { request: OfferRequest; response: OfferResult };
  'hello': { request: Hello; response: Welcome };
  'ping': { request: Ping; response: Pong };
  'precall.candidate': { request: PrecallCandidate; response: Done };
  'precall.end': { request: PrecallEnd; response: Done };
  'precall.offer': { request: PrecallOffer; response: OfferResult };
  'presence.get': { request: GetRequest; response: GetResponse };
  'presence.set': { request: SetRequest; response: SetResponse };
  'recording.consent': { request: RecordingDecision; response: RecordingResult };
  'recording.mark': { request: RecordingMarkRequest; response: RecordingMarked };
  'recording.start': { request: RecordingStart; response: RecordingResult };
  'recording.status': { request: RecordingRoom; response: RecordingMaybe };
  'recording.stop': { request: RecordingRoom; response: RecordingResult };
  'room.admit': { request: ParticipantRequest; response: Done };
  'room.deny': { request: DenyRequest; response: Done };
  'room.end': { request: RoomRequest; response: Done };
  'room.hand': { request: HandRequest; response: SelfResult };
  'room.join': { request: JoinRequest; response: JoinResult };
  'room.kick': { request: ParticipantRequest; response: Done };
  'room.leave': { request: RoomRequest; response: Done };
  'room.lock': { request: LockRequest; response: RoomResult };
  'room.media': { request: MediaRequest; response: SelfResult };
  'room.mute': { request: MuteRequest; response: Done };
  'rtc.candidate': { request: CandidateRequest; response: Done };
  'rtc.offer': { request: OfferRequest; response: OfferResult };
  'rtc.view': { request: ViewRequest; response: Done };
  'topic.subscribe': { request: TopicSubscribe; response: TopicPosition };
  'topic.unsubscribe': { request: TopicUnsubscribe; response: TopicUnsubscribed };
}

/** Server → client, directly or on a topic. */
export interface Pushes {
  'account.changed': AccountChanged;
  'early.state': EarlyState;
  'precall.quality': PrecallQuality;
  'precall.slots': PrecallSlots;
  'precall.state': PrecallState;
  'presence.changed': Presence;
  'recording.status': RecordingPush;
  'recordings.changed': RecordingsChanged;
  'review.changed': ReviewChanged;
  'room.admitted': RoomAdmitted;
  'room.changed': RoomUpdate;
  'room.denied': RoomDenied;
  'room.ended': RoomEndedPush;
  'room.kicked': RoomKicked;
  'room.left': ParticipantGone;
  'room.muted': RoomMuted;
  'room.participant': ParticipantChanged;
  'room.quality': RoomQuality;
  'room.replaced': RoomReplaced;
  'room.speakers': RoomSpeakers;
  'rooms.changed': RoomsChanged;
  'rtc.demand': RTCDemand;
  'rtc.quality': RTCQuality;
  'rtc.slots': RTCSlots;
  'rtc.state': RTCState;
  'topic.subscribed': TopicSubscribed;
  'topic.unsubscribed': TopicUnsubscribed;
}
