// The names the application uses for what the API speaks.
import { type components } from './schema.gen';

type Schemas = components['schemas'];

export type Me = Schemas['Me'];
export type Device = Schemas['Device'];
export type Person = Schemas['Person'];
export type Role = Person['role'];
export type Colleague = Schemas['Colleague'];
export type Invitation = Schemas['Invitation'];
export type InvitationPreview = Schemas['InvitationPreview'];
export type Care = Schemas['Care'];
export type CareUnit = Schemas['CareUnit'];
export type VideoRoom = Schemas['VideoRoom'];
export type NewRoom = Schemas['CreateRoom'];
export type Participant = Schemas['Participant'];
export type JoinRoomResponse = Schemas['JoinRoomResponse'];
export type Attendance = Schemas['Attendance'];
/** A one-time link to one session, and when it ends (RFC 3339). */
export interface GuestLink {
  link: string;
  expiresAt: string;
}
export type Source = 'camera' | 'microphone' | 'screen' | 'screen-audio';

/** Staff sees schedules, people and who is waiting; clients and guests do not. */
export function isStaff(me: Pick<Me, 'kind' | 'role'>): boolean {
  return me.kind === 'user' && me.role !== undefined && me.role !== 'client';
}

/** Whether a role sends invitations: admins to anybody, therapists to clients. */
export function mayInvite(me: Pick<Me, 'kind' | 'role'>): boolean {
  return me.kind === 'user' && (me.role === 'admin' || me.role === 'therapist');
}

/** Whether a role sees every account, not only their own clients. */
export function seesEverybody(me: Pick<Me, 'kind' | 'role'>): boolean {
  return me.kind === 'user' && (me.role === 'admin' || me.role === 'moderator');
}

export type Recording = Schemas['Recording'];
export type RecordingState = Recording['state'];
export type RecordingConsent = Schemas['ConsentEntry'];
export type RecordingViewer = Schemas['Viewer'];
export type RecordingShare = Schemas['RecordingShare'];
export type NewShare = Schemas['NewShare'];
export type RecordingExport = Schemas['RecordingExport'];
export type RecordingHold = Schemas['Hold'];
export type Erasure = Schemas['Erasure'];
export type RetentionPolicies = Schemas['Policies'];
export type RetentionDue = Schemas['Due'];
export type RetentionPreview = Schemas['Preview'];
