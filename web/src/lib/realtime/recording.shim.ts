/** The frames of recording until events.gen.ts has them. */
import './events.gen';

declare module './events.gen' {
  interface RecordingUser {
    id: string;
    name: string;
  }
  interface StatusPerson {
    participant: string;
    identity: string;
    name: string;
    role: 'host' | 'participant' | 'guest';
    consent: 'wait' | 'agreed' | 'declined' | 'withdrawn';
    recorded: boolean;
  }
  interface RecordingStatus {
    id: string;
    state: 'asking' | 'recording' | 'finalising' | 'ready' | 'failed' | 'cancelled' | 'erased';
    purpose: string;
    policyVersion: string;
    policyText: string;
    startedBy: RecordingUser;
    askedAt: string;
    startedAt?: string;
    elapsedMs: number;
    disk: 'ok' | 'low' | 'full';
    reason?: string;
    people: StatusPerson[];
  }
  interface Requests {
    'recording.start': { request: { room: string; purpose?: string }; response: { recording: RecordingStatus } };
    'recording.stop': { request: { room: string }; response: { recording: RecordingStatus } };
    'recording.consent': {
      request: { room: string; recording: string; decision: 'agreed' | 'declined' | 'withdrawn'; policyVersion: string };
      response: { recording: RecordingStatus };
    };
    'recording.status': { request: { room: string }; response: { recording?: RecordingStatus } };
    'recording.mark': { request: { room: string; label?: string }; response: { mark: { id: string; atMs: number; label: string } } };
  }
  interface Pushes {
    'recording.status': { room: string; recording: RecordingStatus };
    'recordings.changed': { recording: string; state: string };
  }
}
