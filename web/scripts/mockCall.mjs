// The other end of a call's socket, for looking at a session without a server.
// Nobody sends a picture; what is said of the recording is the scene's.
import { answer, meOf, moment, people } from './mock.mjs';

const at = (minutes) => new Date(moment.getTime() + minutes * 60_000).toISOString();
const inRoom = (id, role) => ({
  id: `P-${id}`, identity: id, name: people.find((p) => p.id === id)?.name ?? 'Sam', role, state: 'joined', kicked: false, connection: { state: 'connected', up: '', down: '' },
  microphone: true, camera: false, screen: false, handRaised: false, mutedByHost: false, joinedAt: at(-9), tracks: [],
});
const subject = (id, consent, recorded = false) => ({ participant: `P-${id}`, identity: id, name: people.find((p) => p.id === id)?.name ?? 'Sam', role: id === 'T1' ? 'host' : id === 'G1' ? 'guest' : 'participant', consent, recorded });
const status = (state, list, more = {}) => ({
  id: 'REC2', state, purpose: 'To look back at our work together', policyVersion: '2026-3',
  policyText: 'Recordings are kept on the practice’s own server, sealed, for 90 days. Your therapist and, where they share it, their supervisor may watch them. You may ask for them to be erased at any time.',
  startedBy: { id: 'T1', name: 'Ruth Okafor' }, askedAt: at(-3), elapsedMs: 0, disk: 'ok', people: list, ...more,
});
const begun = { startedAt: at(-12), elapsedMs: 724_000 };

/** What the recording may be when a person comes in. */
export const recordingScenes = {
  asked: status('asking', [subject('T1', 'agreed'), subject('C1', 'wait'), subject('G1', 'wait')]),
  waiting: status('asking', [subject('T1', 'agreed'), subject('C1', 'agreed'), subject('G1', 'wait')]),
  without: status('asking', [subject('T1', 'wait'), subject('C1', 'agreed'), subject('G1', 'declined')]),
  running: status('recording', [subject('T1', 'agreed', true), subject('C1', 'agreed', true), subject('G1', 'declined')], begun),
  late: status('recording', [subject('T1', 'agreed', true), subject('G1', 'agreed', true), subject('C1', 'wait')], begun),
  goOn: status('asking', [subject('T1', 'wait'), subject('C1', 'wait'), subject('G1', 'withdrawn')], begun),
  low: status('recording', [subject('T1', 'agreed', true), subject('C1', 'agreed', true), subject('G1', 'agreed', true)], { ...begun, disk: 'low' }),
  saved: status('finalising', [subject('T1', 'agreed'), subject('C1', 'agreed'), subject('G1', 'agreed')], begun),
};

/** Speaks for the server on one socket; `me` is the person, `scene` a key above or undefined for no recording. */
export function serveCall(socket, me, scene) {
  const self = inRoom(me, me === 'T1' ? 'host' : 'participant');
  const others = [inRoom('T1', 'host'), inRoom('C1', 'participant'), inRoom('G1', 'guest')].filter((p) => p.identity !== me);
  const room = answer(meOf(me), 'GET', '/api/v1/rooms/R1', new URL('http://local').searchParams).body;
  const replies = {
    hello: () => ({ connection: 'X', heartbeat: 60_000, user: { id: me, name: self.name, kind: 'user' }, topics: {} }),
    'room.join': () => ({ room: { ...room, state: 'live', startedAt: at(-9) }, self, participants: [self, ...others], iceServers: [], limits: {} }),
    'recording.status': () => (scene ? { recording: recordingScenes[scene] } : {}),
    'recording.mark': () => ({ mark: { id: 'K1', atMs: 724_000, label: '' } }),
    'recording.consent': ({ decision }) => ({ recording: { ...recordingScenes[scene], people: recordingScenes[scene].people.map((p) => (p.identity === me ? { ...p, consent: decision, recorded: false } : p)) } }),
  };
  socket.onMessage((text) => {
    const { id, type, data } = JSON.parse(text);
    if (type === 'rtc.offer') return; // media stays on its way
    socket.send(JSON.stringify({ re: id, data: replies[type]?.(data) ?? {} }));
  });
}
