// The names the application uses for what the API speaks.
import { type DraftSchemas } from './recordings.shim';
import { type components } from './schema.gen';

type Schemas = components['schemas'];

export type Me = Schemas['Me'];
export type Device = Schemas['Device'];
export type Person = Schemas['Person'];
export type Role = Person['role'];
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

export type Recording = DraftSchemas['Recording'];
export type RecordingState = Recording['state'];
export type RecordingConsent = DraftSchemas['RecordingConsent'];
export type RecordingViewer = DraftSchemas['RecordingViewer'];
export type RecordingShare = DraftSchemas['RecordingShare'];
export type RecordingExport = DraftSchemas['RecordingExport'];
export type ErasureProof = DraftSchemas['ErasureProof'];
export type RetentionPolicy = DraftSchemas['RetentionPolicy'];
export type RetentionDue = DraftSchemas['RetentionDue'];
