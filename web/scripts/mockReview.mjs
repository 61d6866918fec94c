// A furnished recording for the review page: ten minutes of a couple session,
// with levels, a late arrival, somebody who dropped out and came back, a shared
// screen, gaps, notes and a transcript. Invented people.
const length = 600_000;
const step = 100;

/** Turns of a conversation, the same at each run: [person, from s, to s]. */
export const turns = (() => {
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const out = [];
  const order = ['T1', 'C3', 'T1', 'C4', 'C3', 'C4', 'T1', 'C3'];
  for (let at = 2, n = 0; at < 594; n++) {
    const person = order[n % order.length];
    const long = 3 + random() * (person === 'T1' ? 9 : person === 'C3' ? 22 : 13);
    const away = (person === 'C4' && (at < 45 || (at > 300 && at < 342))) || at > 588;
    if (!away) out.push([person, at, Math.min(595, at + long)]);
    at += long + (random() < 0.18 ? 5 + random() * 9 : random() < 0.25 ? -0.8 : 0.4 + random() * 1.6);
  }
  return out;
})();

function levelsOf(person, fromMs, toMs) {
  let seed = person.charCodeAt(1) * 31;
  const random = () => (seed = (seed * 16807 + 11) % 2147483647) / 2147483647;
  const bytes = Buffer.alloc((toMs - fromMs) / step);
  for (let i = 0; i < bytes.length; i++) {
    const s = (fromMs + i * step) / 1000;
    const speaks = turns.some(([who, a, b]) => who === person && a <= s && s < b);
    bytes[i] = speaks && random() > 0.12 ? 82 + Math.round(random() * 26 + 8 * Math.sin(s * 1.7)) : Math.round(28 + random() * 14);
  }
  return { person, stepMs: step, startMs: fromMs, data: bytes.toString('base64') };
}

const people = [
  { id: 'T1', name: 'Ruth Okafor', role: 'host' },
  { id: 'C3', name: 'Ana Pereira', role: 'participant' },
  { id: 'C4', name: 'Tomás Pereira', role: 'participant' },
];
const track = (id, person, source, startMs, toMs) => {
  const kind = source === 'camera' || source === 'screen' ? 'video' : 'audio';
  return {
    id, person, participant: `P${id}`, source, kind, codec: kind === 'video' ? 'VP8' : 'Opus', mime: kind === 'video' ? 'video/webm; codecs=vp8' : 'audio/webm; codecs=opus',
    startMs, durationMs: toMs - startMs, bytes: 9_000_000, width: kind === 'video' ? 640 : 0, height: kind === 'video' ? 360 : 0, sha256: '',
  };
};
/** Every file the page may ask for; scripts/shots.mjs makes them. */
export const reviewTracks = [
  track('t1', 'T1', 'camera', 0, length), track('t2', 'T1', 'microphone', 20, length),
  track('t3', 'C3', 'camera', 300, length), track('t4', 'C3', 'microphone', 280, length),
  track('t5', 'C4', 'camera', 45_200, 300_000), track('t6', 'C4', 'microphone', 45_160, 300_000),
  track('t7', 'C4', 'camera', 342_000, length), track('t8', 'C4', 'microphone', 341_960, length),
  track('t9', 'T1', 'screen', 395_000, 455_000),
];

export const timeline = {
  version: 1, recording: 'REC1', room: 'R2', meeting: 'MR2', startedAt: '2026-11-16T13:02:11.000Z', durationMs: length, recovered: false, lostMs: 0, people,
  tracks: reviewTracks,
  levels: [levelsOf('T1', 0, length), levelsOf('C3', 0, length), levelsOf('C4', 45_000, 300_000), levelsOf('C4', 342_000, length)],
  events: [
    { atMs: 0, type: 'joined', person: 'T1' }, { atMs: 280, type: 'joined', person: 'C3' }, { atMs: 45_000, type: 'joined', person: 'C4' },
    { atMs: 300_000, type: 'left', person: 'C4' }, { atMs: 341_900, type: 'joined', person: 'C4' },
    { atMs: 395_000, type: 'screen_on', person: 'T1', track: 't9' }, { atMs: 455_000, type: 'screen_off', person: 'T1', track: 't9' },
    { atMs: length, type: 'stopped' },
  ],
  gaps: [
    { track: 't3', fromMs: 212_000, toMs: 216_400, reason: 'loss' },
    { track: 't4', fromMs: 212_300, toMs: 213_100, reason: 'loss' },
    { track: 't6', fromMs: 180_000, toMs: 192_000, reason: 'muted' },
  ],
  quality: [{ atMs: 205_000, person: 'C3', up: 2, reason: 'loss' }, { atMs: 218_000, person: 'C3', up: 4, reason: '' }, { atMs: 292_000, person: 'C4', up: 1, reason: 'bitrate' }, { atMs: 297_000, person: 'C4', up: 1, reason: 'frozen' }],
  consents: [
    { atMs: -14_000, person: 'T1', state: 'agreed', policyVersion: '2026-03' }, { atMs: -3000, person: 'C3', state: 'agreed', policyVersion: '2026-03' },
    { atMs: 45_100, person: 'C4', state: 'agreed', policyVersion: '2026-03' },
  ],
};

const recording = {
  id: 'REC1', roomId: 'R2', meetingId: 'MR2', title: 'Ana and Tomás', kind: 'couple', state: 'ready', purpose: 'Supervision and my own review', policyVersion: '2026-03',
  askedAt: '2026-11-16T13:01:57.000Z', startedAt: timeline.startedAt, stoppedAt: '2026-11-16T13:12:11.000Z', stopReason: 'host', durationMs: length, bytes: 84_300_000,
  startedBy: { id: 'T1', name: 'Ruth Okafor' }, host: { id: 'T1', name: 'Ruth Okafor' },
  people: people.map((p) => ({ identity: p.id, name: p.name, role: p.role, consent: 'agreed', review: true })),
  recovered: false, lostMs: 0, legalHold: false, purgeAt: '2027-02-14T03:00:00.000Z', tags: ['rupture', 'repair'], access: 'full',
};
/** The same, as others find it. */
const others = {
  REC1: {},
  RECSHARE: { access: 'comment', share: { id: 'SH1', fromMs: 150_000, toMs: 330_000, expiresAt: '2026-12-01T22:59:00.000Z' } },
  RECLOST: { recovered: true, lostMs: 740 },
  RECOWN: { access: 'own' },
  RECWAIT: { state: 'finalising' },
};

const day = (d, time) => `2026-11-${d}T${time}:00.000Z`;
const note = (id, atMs, authorId, authorName, text, more = {}) => ({ id, atMs, authorId, authorName, text, createdAt: day(17, '08:10'), deleted: false, mine: false, ...more });
const notes = (me) =>
  [
    note('N1', 168_000, 'T1', 'Ruth Okafor', 'She turns to the window as soon as he says “always”. I missed it in the room.', { toMs: 181_000 }),
    note('N2', 168_000, 'T2', 'Daniel Sørensen', 'And you lean in. What would have happened if you had waited three more seconds?', { parentId: 'N1', createdAt: day(18, '16:42') }),
    note('N3', 252_000, 'T2', 'Daniel Sørensen', 'Nice repair. He names his own part first.', { createdAt: day(18, '16:50') }),
    note('N4', 430_000, 'T1', 'Ruth Okafor', 'The drawing helps: both look at one thing instead of at each other.'),
    note('N5', 512_000, 'T1', 'Ruth Okafor', 'Check the homework we agreed here.', { resolvedAt: day(19, '09:00'), resolvedBy: 'T1' }),
  ].map((n) => ({ ...n, mine: n.authorId === me.id }));

const said = [
  [47_000, 52_000, 'Ruth Okafor', 'Good that you could make it, Tomás. We had only just begun.'],
  [52_500, 58_000, 'Tomás Pereira', 'The tram, again. Sorry. I hate to begin like this.'],
  [150_000, 156_000, 'Ruth Okafor', 'You said last time that evenings are the hardest part of the day.'],
  [157_000, 167_000, 'Ana Pereira', 'It is quiet in the flat and nobody says what the quiet means.'],
  [168_000, 176_000, 'Tomás Pereira', 'You always say quiet as if I had made it alone.'],
  [181_000, 188_000, 'Ruth Okafor', 'Can we stay with that for a moment? What did you hear, Ana?'],
  [189_000, 203_000, 'Ana Pereira', 'That I am blaming him. I do not want to blame him. I want him to come to the kitchen.'],
  [252_000, 266_000, 'Tomás Pereira', 'I could do that. I stay away because I think you want to be left alone, and then I am cross that you leave me alone.'],
  [396_000, 410_000, 'Ruth Okafor', 'Let me draw it. Here is the kitchen, and here are the two of you on your way to it.'],
  [560_000, 571_000, 'Ruth Okafor', 'So for this week: ten minutes in the kitchen, on four evenings, without telephones.'],
];
const transcript = {
  language: 'en', cues: said.length, importedBy: 'T1', importedAt: day(17, '08:00'),
  items: said.map(([startMs, endMs, voice, text], n) => ({ seq: n + 1, startMs, endMs, spans: [{ voice, text }] })),
};

const clinical = {
  format: 'soap', version: 4, authorId: 'T1', authorName: 'Ruth Okafor', createdAt: day(17, '08:20'), updatedAt: day(17, '08:40'), readers: 'author', mine: true, amendments: [],
  sections: [
    { key: 'subjective', lines: [{ text: 'Ana speaks of quiet evenings and of feeling left alone in them.', atMs: 157_000 }, { text: 'Tomás withdraws when he expects blame.', atMs: 168_000 }] },
    { key: 'objective', lines: [{ text: 'Both turn away at “always”; eye contact returns after he names his part.', atMs: 252_000 }] },
    { key: 'assessment', lines: [{ text: 'Pursue and withdraw; the cycle is now seen by both.' }] },
    { key: 'plan', lines: [{ text: 'Ten minutes in the kitchen on four evenings.', atMs: 560_000 }] },
  ],
};
const signature = (at) => ({ by: 'T1', name: 'Ruth Okafor', at, hash: 'd2c1' });
const signed = {
  ...clinical, signature: signature(day(18, '07:30')),
  amendments: [{ seq: 1, lines: [{ text: 'Tomás wrote that two of the four evenings took place.' }], signature: signature(day(22, '10:05')) }],
};

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
function distribution(list, size) {
  const count = 8;
  const bins = Array.from({ length: count }, (_, n) => ({ fromMs: n * size, count: list.filter((v) => Math.min(count - 1, Math.floor(v / size)) === n).length }));
  return { count: list.length, medianMs: median(list), p90Ms: [...list].sort((a, b) => a - b)[Math.floor(list.length * 0.9)] ?? 0, longestMs: Math.max(0, ...list), bins };
}
function analytics() {
  const spoken = turns.map(([person, from, to]) => ({ person, fromMs: Math.round(from * 1000), toMs: Math.round(to * 1000) }));
  const long = (list) => list.map((t) => t.toMs - t.fromMs);
  const answers = spoken.flatMap((turn, n) => (n > 0 && turn.fromMs > spoken[n - 1].toMs && turn.fromMs - spoken[n - 1].toMs < 3000 ? [{ person: turn.person, ms: turn.fromMs - spoken[n - 1].toMs }] : []));
  const all = long(spoken).reduce((a, b) => a + b, 0);
  return {
    durationMs: length, analysedMs: length, speechMs: all, turns: spoken, interruptions: 3,
    people: people.map((p) => {
      const own = spoken.filter((t) => t.person === p.id);
      const speechMs = long(own).reduce((a, b) => a + b, 0);
      return { person: p.id, name: p.name, role: p.role, heard: true, speechMs, talkRatio: speechMs / all, speechShare: speechMs / length, turns: own.length,
        turnLengths: distribution(long(own), 4000), latency: distribution(answers.filter((a) => a.person === p.id).map((a) => a.ms), 400), interrupts: 1, interrupted: 1, thresholdDbov: -50 };
    }),
    turnLengths: distribution(long(spoken), 4000), latency: distribution(answers.map((a) => a.ms), 400),
    overlap: { count: 9, totalMs: 7200, longestMs: 1400, share: 7200 / all }, silence: { count: 12, totalMs: 98_000, longestMs: 13_900, share: 98_000 / length },
    definitions: [
      { key: 'talkRatio', text: 'A person’s speech as part of all persons’ speech added up. The ratios of a session add up to 1.' },
      { key: 'turnLengths', text: 'From the beginning of a turn to its end, pauses included.' },
      { key: 'latency', text: 'From the end of a person’s turn to the beginning of the next turn of somebody else, counted for who answers.' },
      { key: 'overlap', text: 'Time in which two or more people speak at once; its share is of all speech.' },
      { key: 'silence', text: 'Stretches of 3 seconds or more in which nobody speaks; the share is of the analysed time.' },
    ],
  };
}

const codes = {
  version: 3,
  items: [['rupture', 'Alliance rupture', '#c84a42'], ['repair', 'Repair', '#2d7561'], ['homework', 'Homework', '#3f6493'], ['enactment', 'Enactment', '#8b4568']].map(([code, label, colour]) => ({ code, label, colour })),
};

/** Answers what is under /recordings/{id}, and the practice's codes; undefined is not for here. */
export function answerReview(me, method, rest, query) {
  const ok = (body, status = 200) => ({ status, body });
  if (rest === 'review/tags') return ok(codes);
  const [, id, path = ''] = /^recordings\/([^/]+)(?:\/(.*))?$/.exec(rest) ?? [];
  const as = others[id] ?? (id === 'RECSIGNED' ? {} : undefined);
  if (!as) return undefined;
  const range = as.share ?? { fromMs: 0, toMs: length };
  const asked = `${method} ${path.replace(/^plays\/[^/]+/, 'plays/*').replace(/^(marks|notes|shares)\/[^/]+/, '$1/*')}`;
  switch (asked) {
    case 'GET ': return ok({ ...recording, id, ...as });
    case 'GET timeline': return ok({ ...timeline, recording: id });
    case 'POST plays': return ok({ id: 'PLAY1', expiresAt: day(30, '08:00'), fromMs: range.fromMs, toMs: range.toMs, tracks: reviewTracks.map((t) => ({ ...t, url: `/api/v1/recordings/${id}/tracks/${t.id}/media?play=PLAY1` })) }, 201);
    case 'POST plays/*/watched': return { status: 204 };
    case 'GET marks': return ok({ items: as.access ? [] : [{ id: 'K1', atMs: 97_400, label: 'Late arrival', createdAt: day(16, '13:03') }, { id: 'K2', atMs: 252_000, label: '', createdAt: day(16, '13:06') }, { id: 'K3', atMs: 560_000, label: 'Homework', createdAt: day(16, '13:11') }] });
    case 'GET notes': return ok({ items: notes(me).filter((n) => n.atMs >= range.fromMs && n.atMs <= range.toMs) });
    case 'GET tags': return ok({ codes: recording.tags });
    case 'GET clinical-note': return ok(id === 'RECSIGNED' ? signed : clinical);
    case 'GET transcript': return ok(transcript);
    case 'GET transcript/search': {
      const q = (query.get('q') ?? '').toLowerCase();
      return ok({ items: said.flatMap(([startMs, endMs, voice, text], n) => {
        const at = text.toLowerCase().indexOf(q);
        return at < 0 ? [] : [{ seq: n + 1, startMs, endMs, voices: [voice], snippet: [{ text: text.slice(0, at) }, { text: text.slice(at, at + q.length), match: true }, { text: text.slice(at + q.length) }] }];
      }) });
    }
    case 'GET analytics': return ok(analytics());
    case 'GET viewers': return ok({ items: [
      { identity: 'T1', name: 'Ruth Okafor', role: 'therapist', firstAt: day(17, '08:00'), lastAt: day(19, '09:02'), seconds: 540, ranges: [{ fromMs: 0, toMs: 540_000 }] },
      { identity: 'T2', name: 'Daniel Sørensen', role: 'therapist', firstAt: day(18, '16:30'), lastAt: day(18, '16:55'), seconds: 150, ranges: [{ fromMs: 150_000, toMs: 300_000 }] },
    ] });
    case 'GET shares': return ok({ items: [{ id: 'SH1', user: { id: 'T2', name: 'Daniel Sørensen' }, fromMs: 150_000, toMs: 330_000, note: 'The turn at three minutes', createdBy: 'T1', createdAt: day(18, '08:00'), expiresAt: '2026-12-01T22:59:00.000Z' }] });
    case 'POST marks': return ok({ id: 'K9', atMs: 0, label: '', createdAt: day(23, '13:48') }, 201);
    case 'POST notes': return ok(note('N9', 0, me.id, me.name, '', { mine: true }), 201);
    case 'PUT clinical-note': return ok({ ...clinical, version: clinical.version + 1 });
    case 'POST clinical-note/sign': return ok(signed);
    default: return undefined;
  }
}
