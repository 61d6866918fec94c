// The REST contract of /api/v1, as `npm run generate` writes it from
// api/openapi.json.

interface JSONBody<T> {
  content: { 'application/json': T };
}
interface NoBody {
  content?: never;
}
type Op<Path extends object | never, Query extends object | never, Body, Res> = {
  parameters: { query?: Query; header?: never; cookie?: never } & ([Path] extends [never] ? { path?: never } : { path: Path });
  requestBody: [Body] extends [never] ? never : JSONBody<Body>;
  responses: {
    200: [Res] extends [never] ? NoBody : JSONBody<Res>;
    default: { content: { 'application/problem+json': components['schemas']['Problem'] } };
  };
};
type Get<Path extends object | never, Query extends object | never, Res> = Omit<Op<Path, Query, never, Res>, 'requestBody'> & {
  requestBody?: never;
};
type Act<Path extends object | never, Res> = Get<Path, never, Res>;
type Id<Name extends string> = Record<Name, string>;

export interface components {
  schemas: {
    Problem: {
      type: string;
      title: string;
      status: number;
      detail: string;
      code: string;
      errors?: { location?: string; message: string }[];
      requestId: string;
    };
    Me: {
      id: string;
      kind: 'user' | 'guest';
      name: string;
      email?: string;
      role?: 'client' | 'therapist' | 'moderator' | 'admin';
      locale: string;
      timeZone: string;
      room?: string;
      sessionId: string;
      practice: string;
    };
    Device: {
      id: string;
      createdAt: string;
      lastSeenAt: string;
      expiresAt: string;
      userAgent: string;
      address: string;
      current: boolean;
    };
    Person: {
      id: string;
      name: string;
      email: string;
      role: 'client' | 'therapist' | 'moderator' | 'admin';
      active: boolean;
      createdAt: string;
      lastSeenAt?: string;
    };
    Invitation: {
      id: string;
      email: string;
      name: string;
      role: 'client' | 'therapist' | 'moderator' | 'admin';
      therapistId?: string;
      invitedBy: string;
      state: 'open' | 'accepted' | 'expired' | 'revoked';
      createdAt: string;
      expiresAt: string;
      link?: string;
    };
    InvitationPreview: { email: string; name: string; role: 'client' | 'therapist' | 'moderator' | 'admin'; practice: string; invitedBy: string; expiresAt: string };
    Care: { therapistId: string; therapistName: string; clientId: string; clientName: string; since: string };
    CareUnit: {
      id: string;
      name: string;
      kind: 'couple' | 'family' | 'group';
      therapistId: string;
      members: { id: string; name: string }[];
      createdAt: string;
    };
    RoomMember: { id: string; name: string; role: string };
    VideoRoom: {
      id: string;
      meetingId: string;
      title: string;
      kind: 'individual' | 'couple' | 'group';
      engine: 'sfu' | 'jitsi';
      state: 'scheduled' | 'open' | 'live' | 'ended';
      startsAt: string;
      endsAt: string;
      startedAt?: string;
      endedAt?: string;
      host: { id: string; name: string };
      members: components['schemas']['RoomMember'][];
      waitingRoom: boolean;
      locked: boolean;
      myRole: 'host' | 'participant' | 'guest' | 'observer';
      joinableFrom: string;
      waiting: number;
    };
    NewRoom: {
      hostId?: string;
      title?: string;
      kind: 'individual' | 'couple' | 'group';
      startsAt?: string;
      endsAt?: string;
      members: string[];
      waitingRoom: boolean;
    };
    Participant: {
      id: string;
      identity: string;
      name: string;
      role: 'host' | 'participant' | 'guest' | 'observer';
      kicked: boolean;
      connection: { state: string; up: string; down: string };
      state: 'waiting' | 'joined' | 'reconnecting' | 'left';
      microphone: boolean;
      camera: boolean;
      screen: boolean;
      handRaised: boolean;
      mutedByHost: boolean;
      joinedAt: string;
      tracks: { source: 'camera' | 'microphone' | 'screen' | 'screen-audio'; kind: 'audio' | 'video'; codec: string }[];
    };
    IceServer: { urls: string[]; username?: string; credential?: string };
    JoinRoomResponse: {
      room: components['schemas']['VideoRoom'];
      self: components['schemas']['Participant'];
      token: string;
      expiresAt: string;
      socketUrl: string;
      iceServers: components['schemas']['IceServer'][];
    };
    Attendance: {
      identity: string;
      name: string;
      role: 'host' | 'participant' | 'guest' | 'observer';
      seconds: number;
      minutes: number;
      present: boolean;
      intervals: { joinedAt: string; leftAt?: string; reason: string }[];
    };
    GuestLink: { link: string; expiresAt: string };
    Recording: { id: string; meetingId: string; state: string; startedAt: string; endedAt?: string };
  };
}

type S = components['schemas'];

export interface paths {
  '/api/v1/me': { get: Get<never, never, S['Me']>; patch: Op<never, never, { name?: string; locale?: string; timeZone?: string }, S['Me']> };
  '/api/v1/setup': { post: Op<never, never, { token: string; name: string; email: string; password: string }, S['Me']> };
  '/api/v1/sign-in': { post: Op<never, never, { email: string; password: string }, S['Me']> };
  '/api/v1/sign-out': { post: Act<never, never> };
  '/api/v1/password': { post: Op<never, never, { current: string; next: string }, never> };
  '/api/v1/sessions': { get: Get<never, never, { items: S['Device'][]; next?: string }> };
  '/api/v1/sessions/{id}': { delete: Act<Id<'id'>, never> };
  '/api/v1/sign-in-links/{token}': { post: Act<Id<'token'>, S['Me']> };
  '/api/v1/guest-links/{token}': { post: Op<Id<'token'>, never, { name: string }, S['Me']> };
  '/api/v1/invitations': {
    get: Get<never, { cursor?: string; limit?: number }, { items: S['Invitation'][]; next?: string }>;
    post: Op<never, never, { email: string; name: string; role: S['Person']['role']; therapistId?: string }, S['Invitation']>;
  };
  '/api/v1/invitations/{id}': { delete: Act<Id<'id'>, never> };
  '/api/v1/invitations/{token}/preview': { get: Get<Id<'token'>, never, S['InvitationPreview']> };
  '/api/v1/invitations/{token}/accept': { post: Op<Id<'token'>, never, { name: string; password: string }, S['Me']> };
  '/api/v1/people': { get: Get<never, { cursor?: string; limit?: number }, { items: S['Person'][]; next?: string }> };
  '/api/v1/people/{id}': { patch: Op<Id<'id'>, never, { name?: string; role?: S['Person']['role']; active?: boolean }, S['Person']> };
  '/api/v1/care': {
    get: Get<never, { cursor?: string; limit?: number }, { items: S['Care'][]; next?: string }>;
    put: Op<never, never, { therapistId: string; clientId: string }, never>;
    delete: { parameters: { query: { therapistId: string; clientId: string }; path?: never; header?: never; cookie?: never }; requestBody?: never; responses: { 204: NoBody } };
  };
  '/api/v1/care-units': { get: Get<never, never, { items: S['CareUnit'][] }> };
  '/api/v1/rooms': {
    get: Get<never, { from?: string; to?: string; cursor?: string; limit?: number }, { items: S['VideoRoom'][]; next?: string }>;
    post: Op<never, never, S['NewRoom'], S['VideoRoom']>;
  };
  '/api/v1/rooms/{room}': { get: Get<Id<'room'>, never, S['VideoRoom']> };
  '/api/v1/rooms/{room}/join': { post: Act<Id<'room'>, S['JoinRoomResponse']> };
  '/api/v1/rooms/{room}/leave': { post: Act<Id<'room'>, never> };
  '/api/v1/rooms/{room}/end': { post: Act<Id<'room'>, never> };
  '/api/v1/rooms/{room}/participants': { get: Get<Id<'room'>, never, { items: S['Participant'][]; next?: string }> };
  '/api/v1/rooms/{room}/participants/{participant}/mute': {
    post: Op<Id<'room' | 'participant'>, never, { source?: S['Participant']['tracks'][number]['source'] }, never>;
  };
  '/api/v1/rooms/{room}/participants/{participant}/kick': { post: Act<Id<'room' | 'participant'>, never> };
  '/api/v1/rooms/{room}/participants/{participant}/admit': { post: Act<Id<'room' | 'participant'>, never> };
  '/api/v1/rooms/{room}/participants/{participant}/deny': { post: Act<Id<'room' | 'participant'>, never> };
  '/api/v1/rooms/{room}/attendance': { get: Get<Id<'room'>, never, { items: S['Attendance'][]; next?: string }> };
  '/api/v1/rooms/{room}/guest-links': { post: Act<Id<'room'>, S['GuestLink']> };
  '/api/v1/rooms/{room}/recordings': { post: Act<Id<'room'>, S['Recording']> };
  '/api/v1/rooms/{room}/recordings/stop': { post: Act<Id<'room'>, S['Recording']> };
  '/api/v1/meetings/{meeting}/recordings': { get: Get<Id<'meeting'>, never, { items: S['Recording'][]; next?: string }> };
}
