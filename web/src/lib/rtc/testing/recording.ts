import { type RecordingStatus, type RecordingSubject } from '../../realtime/types';

/** Recordings for tests; nobody real. */
export function subject(participant: string, consent: RecordingSubject['consent'], more: Partial<RecordingSubject> = {}): RecordingSubject {
  return { participant, identity: `user-${participant}`, name: `Person ${participant}`, role: 'participant', consent, recorded: false, ...more };
}

export function someRecording(more: Partial<RecordingStatus> = {}): RecordingStatus {
  return {
    id: 'REC',
    state: 'asking',
    purpose: 'To look back at our work together',
    policyVersion: '3',
    policyText: 'Recordings are kept for 90 days.',
    startedBy: { id: 'user-H', name: 'Person H' },
    askedAt: '2026-01-01T10:05:00Z',
    elapsedMs: 0,
    disk: 'ok',
    people: [subject('H', 'agreed', { role: 'host' }), subject('me', 'wait')],
    ...more,
  };
}

export const running = (more: Partial<RecordingStatus> = {}) =>
  someRecording({ state: 'recording', startedAt: '2026-01-01T10:06:00Z', people: [subject('H', 'agreed', { role: 'host', recorded: true }), subject('me', 'agreed', { recorded: true })], ...more });
