// A furnished practice for looking at pages without a server. Invented people;
// times stand around one fixed moment so that two runs show the same.
import { answerReview } from './mockReview.mjs';

export const moment = new Date('2026-11-23T13:48:00Z');

const at = (minutes) => new Date(moment.getTime() + minutes * 60_000).toISOString();
/** The same, on the full five minutes. */
const onTheDot = (minutes) => new Date(Math.round((moment.getTime() + minutes * 60_000) / 300_000) * 300_000).toISOString();
const day = 24 * 60;

const person = (id, name, role, active = true) => ({
  id, name, role, active,
  email: `${name.toLowerCase().normalize('NFKD').replace(/[^a-z ]/g, '').replace(' ', '.')}@example.org`,
  createdAt: at(-90 * day),
});
export const people = [
  person('T1', 'Ruth Okafor', 'therapist'),
  person('T2', 'Daniel Sørensen', 'therapist'),
  person('A1', 'Helena Marsh', 'admin'),
  person('M1', 'Tariq Aziz', 'moderator'),
  person('C1', 'Mira Lindqvist', 'client'),
  person('C2', 'Jonas Ek', 'client'),
  person('C3', 'Ana Pereira', 'client'),
  person('C4', 'Tomás Pereira', 'client'),
  person('C5', 'Bartholomew Featherstonehaugh-Cholmondeley', 'client', false),
];
const named = (id) => people.find((p) => p.id === id);

function room(id, host, members, start, length, more = {}) {
  const h = named(host);
  return {
    id, meetingId: `M${id}`, title: '', kind: members.length > 1 ? 'couple' : 'individual', engine: 'sfu', state: 'scheduled',
    startsAt: onTheDot(start), endsAt: onTheDot(start + length), host: { id: h.id, name: h.name },
    members: [{ id: h.id, name: h.name, role: 'host' }, ...members.map((m) => ({ id: m, name: named(m).name, role: 'participant' }))],
    waitingRoom: true, locked: false, myRole: 'participant', joinableFrom: at(start - 15), waiting: 0, ...more,
  };
}
const rooms = [
  room('R0', 'T1', ['C2'], -280, 50, { state: 'ended', startedAt: at(-279), endedAt: at(-230) }),
  room('R1', 'T1', ['C1'], 12, 50, { state: 'open', waiting: 1 }),
  room('R2', 'T1', ['C3', 'C4'], 102, 80, { title: 'Ana and Tomás' }),
  room('R3', 'T1', ['C2'], 222, 50),
  room('R4', 'T1', ['C1'], 2 * day - 200, 50),
  room('R5', 'T2', ['C1', 'C2', 'C3'], 3 * day - 120, 90, { kind: 'group', title: 'Evening group: sleeping better' }),
  room('R6', 'T1', ['C1'], -7 * day, 50, { state: 'ended', startedAt: at(-7 * day), endedAt: at(-7 * day + 51) }),
  room('R7', 'T1', ['C3'], -6 * day, 50, { state: 'ended' }),
];
const asked = (id, consent) => ({ identity: id, name: named(id).name, role: named(id).role === 'therapist' ? 'host' : 'participant', consent, review: consent === 'agreed' });
function recording(id, meeting, minutes, people, more = {}) {
  const host = named('T1');
  const startedAt = at(minutes);
  return {
    id, roomId: meeting, meetingId: `M${meeting}`, title: '', kind: people.length > 2 ? 'couple' : 'individual', state: 'ready', purpose: 'To look back at our work together', policyVersion: '2026-3',
    askedAt: at(minutes - 1), startedAt, stoppedAt: at(minutes + 47), durationMs: 2_832_000, bytes: 412_000_000, startedBy: { id: host.id, name: host.name }, host: { id: host.id, name: host.name },
    people, recovered: false, lostMs: 0, legalHold: false, purgeAt: at(83 * day), access: 'full', ...more,
  };
}
const recordings = [
  recording('REC1', 'R0', -278, [asked('T1', 'agreed'), asked('C2', 'agreed')], { state: 'finalising', durationMs: 0, bytes: 0, purgeAt: undefined }),
  recording('REC2', 'R6', -7 * day + 2, [asked('T1', 'agreed'), asked('C1', 'agreed')], { tags: ['alliance', 'rupture'] }),
  recording('REC3', 'R2', -9 * day, [asked('T1', 'agreed'), asked('C3', 'agreed'), asked('C4', 'withdrawn')], { title: 'Ana and Tomás', recovered: true, lostMs: 600, legalHold: true, tags: ['alliance'] }),
  recording('REC4', 'R9', -14 * day, [asked('T2', 'agreed'), asked('C2', 'agreed')], { access: 'comment', host: { id: 'T2', name: 'Daniel Sørensen' }, startedBy: { id: 'T2', name: 'Daniel Sørensen' }, share: { id: 'S1', fromMs: 60_000, toMs: 900_000, expiresAt: at(3 * day) } }),
  recording('REC5', 'R10', -21 * day, [asked('T1', 'agreed'), asked('C2', 'declined')], { state: 'failed', failure: 'The disk of the server was full.', durationMs: 0, bytes: 0 }),
  recording('REC6', 'R11', -120 * day, [asked('T1', 'agreed'), asked('C1', 'agreed')], { state: 'erased', erasedAt: at(-30 * day), purgeAt: undefined, bytes: 0 }),
];
const recordingsOf = (me) =>
  recordings
    .filter((r) => me.role === 'admin' || (me.id === 'T1' ? true : r.people.some((p) => p.identity === me.id)))
    .map((r) => (me.role === 'admin' ? { ...r, access: 'proof' } : me.role === 'client' ? { ...r, access: 'own', tags: undefined } : r));
function partOf(one, part) {
  const list = (items) => ({ items });
  switch (part) {
    case undefined:
      return one;
    case 'consents':
      return list([
        ...one.people.map((p, i) => ({ seq: i + 1, identity: p.identity, name: p.name, role: p.role, scope: 'recording', state: i === 0 ? 'agreed' : 'wait', purpose: one.purpose, policyVersion: one.policyVersion, at: one.askedAt })),
        ...one.people.slice(1).map((p, i) => ({ seq: 10 + i, identity: p.identity, name: p.name, role: p.role, scope: 'recording', state: p.consent, purpose: one.purpose, policyVersion: one.policyVersion, at: one.startedAt })),
      ]);
    case 'viewers':
      return list(one.state === 'ready' ? [{ identity: 'T1', name: 'Ruth Okafor', role: 'therapist', firstAt: at(-6 * day), lastAt: at(-5 * day), seconds: 754, ranges: [{ fromMs: 0, toMs: 420_000 }, { fromMs: 1_200_000, toMs: 1_534_000 }] }] : []);
    case 'shares':
      return list([
        { id: 'S2', user: { id: 'T2', name: 'Daniel Sørensen' }, fromMs: 720_000, toMs: 1_200_000, note: 'The silence after the question.', createdBy: 'T1', createdAt: at(-day), expiresAt: at(6 * day) },
        { id: 'S3', user: { id: 'M1', name: 'Tariq Aziz' }, fromMs: 0, toMs: 0, note: '', createdBy: 'T1', createdAt: at(-9 * day), expiresAt: at(-2 * day) },
      ]);
    case 'exports':
      return list([{ id: 'E1', kind: 'combined', state: 'running', progress: 42, bytes: 0, file: 'session.mp4', createdAt: at(-4), expiresAt: at(day) }]);
    case 'erasure':
      return one.state === 'erased'
        ? {
            state: 'done', cause: 'request', reason: 'Asked for by the client.', askedAt: one.erasedAt, doneAt: one.erasedAt, askedBy: 'A1', hash: 'b1946ac92492d2347c6235b4d2611184c8d1a5f0f3c0b5d2a6f60b0c52e1f9aa', document: '{}',
            proof: { document: 'mentara.erasure/1', recording: one.id, cause: 'request', reason: 'Asked for by the client.', askedAt: one.erasedAt, erasedAt: one.erasedAt, askedBy: 'A1', askedName: 'Helena Marsh', key: 'destroyed', objects: [], kept: [], review: {}, backups: { keptDays: 30, goneBy: at(0), note: '' } },
          }
        : undefined;
    case 'hold':
      return { held: one.legalHold, items: one.legalHold ? [{ at: at(-3 * day), byId: 'A1', byName: 'Helena Marsh', held: true, reason: 'A complaint is being looked into.' }] : [] };
    default:
      return undefined;
  }
}
const policies = { version: 3, noticeDays: 7, rules: [{ kind: 'individual', keepDays: 90 }, { kind: 'couple', keepDays: 90 }, { kind: 'group', keepDays: 30 }] };
const mine = (me) => (r) => me.role === 'admin' || me.role === 'moderator' || r.members.some((m) => m.id === me.id);
const seenBy = (me) => (r) => {
  const member = r.members.find((m) => m.id === me.id);
  const role = member ? (r.host.id === me.id ? 'host' : 'participant') : 'observer';
  return { ...r, myRole: role, waiting: role === 'host' ? r.waiting : 0 };
};

export function meOf(id) {
  const p = named(id);
  return { id: p.id, kind: 'user', name: p.name, email: p.email, role: p.role, locale: 'en', timeZone: 'Europe/Berlin', sessionId: 'S1', practice: 'Lindenhof Practice' };
}
const guest = { id: 'G1', kind: 'guest', name: 'Sam', room: 'R1', locale: 'en', timeZone: 'UTC', sessionId: 'S9', practice: 'Lindenhof Practice' };
const problem = (status, code, detail) => ({ status, body: { type: `urn:mentara:problem:${code}`, title: '', status, detail, code, requestId: '01JD8C4W7Q' } });

/** Answers one request of the app as the server would; `me` null is nobody signed in. */
export function answer(me, method, path, query) {
  const ok = (body) => ({ status: 200, body });
  const list = (items) => ok({ items });
  const from = query.get('from') ?? '';
  const to = query.get('to') ?? '9';
  const rest = path.replace('/api/v1/', '');
  const preview = { email: 'mira@example.org', name: 'Mira Lindqvist', role: 'client', practice: 'Lindenhof Practice', invitedBy: 'Ruth Okafor', expiresAt: at(5 * day) };
  if (/^guest-links\//.test(rest)) return ok(guest);
  if (/^sign-in-links\//.test(rest)) return problem(410, 'link_used', 'This link was used already.');
  if (/^invitations\/.+\/preview$/.test(rest)) return rest.includes('EXPIRED') ? problem(410, 'invitation_expired', 'This invitation has expired.') : ok(preview);
  if (rest === 'sign-in') return problem(401, 'wrong_credentials', 'Address or password is wrong.');
  if (!me) return problem(401, 'not_signed_in', 'Please sign in.');
  const review = answerReview(me, method, rest, query);
  if (review) return review;
  const part = /^recordings\/([^/]+)(?:\/([^/]+))?$/.exec(rest);
  if (method === 'GET' && part) {
    const one = recordingsOf(me).find((r) => r.id === part[1]);
    const body = one && partOf(one, part[2]);
    return body ? ok(body) : problem(404, 'not_found', 'There is no such thing here.');
  }
  const visible = rooms.filter(mine(me)).map(seenBy(me));
  switch (`${method} ${rest.replace(/^rooms\/[^/]+/, 'rooms/*')}`) {
    case 'GET me':
      return ok(me);
    case 'GET rooms':
      return list(visible.filter((r) => r.endsAt > from && r.startsAt < to).sort((a, b) => a.startsAt.localeCompare(b.startsAt)));
    case 'POST rooms':
      return ok(seenBy(me)(room('R9', me.id, [], 0, 50, { state: 'open', title: 'Unplanned session' })));
    case 'GET rooms/*':
      return ok(visible.find((r) => rest === `rooms/${r.id}`) ?? visible[1]);
    case 'GET rooms/*/attendance':
      return list([
        { identity: 'T1', name: 'Ruth Okafor', role: 'host', seconds: 3060, minutes: 51, present: false, intervals: [{ joinedAt: at(-279), leftAt: at(-230), reason: 'ended' }] },
        { identity: 'C2', name: 'Jonas Ek', role: 'participant', seconds: 2820, minutes: 47, present: false, intervals: [{ joinedAt: at(-276), leftAt: at(-230), reason: 'left' }] },
      ]);
    case 'POST rooms/*/guest-links':
      return ok({ token: 'GUESTTOKENGUESTTOKENGUEST2', expiresAt: at(day) });
    case 'GET recordings': {
      const [state, who, q] = ['state', 'person', 'q'].map((name) => query.get(name) ?? '');
      return list(recordingsOf(me).filter((r) => r.startedAt >= from && r.startedAt < to && (!state || r.state === state) && (!who || r.people.some((p) => p.identity === who)) && r.title.toLowerCase().includes(q.toLowerCase())));
    }
    case 'GET retention/policies':
      return ok(policies);
    case 'PUT retention/policies':
      return ok({ ...policies, version: 4 });
    case 'POST retention/preview':
      return ok({ count: 3, held: 1, items: [] });
    case 'GET retention/due':
      return list([{ recordingId: 'REC5', kind: 'individual', stoppedAt: at(-88 * day), noticedAt: at(-5 * day), purgeAt: at(2 * day) }]);
    case 'GET people':
      return list(me.role === 'therapist' ? people.filter((p) => p.role === 'client') : people);
    case 'GET colleagues':
      return list(people.filter((p) => p.role !== 'client' && p.id !== me.id).map(({ id, name, role }) => ({ id, name, role })));
    case 'GET invitations':
      return list([{ id: 'I1', email: 'noor@example.org', name: 'Noor Haddad', role: 'client', invitedBy: 'Ruth Okafor', state: 'open', createdAt: at(-day), expiresAt: at(6 * day) }]);
    case 'POST invitations':
      return ok({ id: 'I2', email: 'noor@example.org', name: 'Noor Haddad', role: 'client', invitedBy: me.name, state: 'open', createdAt: at(0), expiresAt: at(7 * day), link: 'https://practice.example/invitation#token=INVITETOKENINVITETOKENIN2' });
    case 'GET care':
      return list([{ therapistId: 'T1', therapistName: 'Ruth Okafor', clientId: 'C1', clientName: 'Mira Lindqvist', since: at(-60 * day) }]);
    case 'GET care-units':
      return list([{ id: 'U1', name: 'Ana and Tomás', kind: 'couple', therapistId: 'T1', members: [{ id: 'C3', name: 'Ana Pereira' }, { id: 'C4', name: 'Tomás Pereira' }], createdAt: at(-30 * day) }]);
    case 'GET sessions':
      return list([
        { id: 'S1', userAgent: 'Firefox on Linux', address: '203.0.113.7', createdAt: at(-3 * day), lastSeenAt: at(-1), expiresAt: at(day), current: true },
        { id: 'S2', userAgent: 'Safari on iPhone', address: '2001:db8::17', createdAt: at(-9 * day), lastSeenAt: at(-220), expiresAt: at(day), current: false },
      ]);
    default:
      return method === 'GET' ? problem(404, 'not_found', 'There is no such thing here.') : { status: 204 };
  }
}
