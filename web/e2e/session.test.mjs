// A session from a fresh start: two people with their own browsers, through the
// waiting room, seeing and hearing each other; then what they do in it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { hearBeeps, openPerson, readFrame, seesPerson, shot, startDemo, until } from './harness.mjs'
import {
  admit, audio, createRoom, endRoom, fakeScreen, inSession, inWaitingRoom, join, meet, openLink, personId, stats, tile, video, withStats,
} from './steps.mjs'

let demo
before(async () => {
  demo = await startDemo()
})
after(() => demo?.stop())

test('a therapist and a client meet through the waiting room, see and hear each other', async (t) => {
  const tara = await openPerson({ person: 1 })
  const cleo = await openPerson({ person: 2 })
  t.after(() => Promise.all([tara.close(), cleo.close()]))

  await openLink(demo, tara, 'Tara Therapist')
  await openLink(demo, cleo, 'Cleo Client')

  // The client comes first, and waits; the host's arrival lets nobody in.
  await join(demo, cleo)
  await inWaitingRoom(cleo)
  await shot(cleo.page, 'waiting-room')
  await join(demo, tara)
  await inSession(tara)
  await tara.page.getByRole('button', { name: 'Let in Cleo Client' }).first().waitFor()
  await inWaitingRoom(cleo)
  assert.equal(await video(cleo).count(), 0, 'someone who waits sees nobody')
  assert.equal(await cleo.page.locator('audio').count(), 0, 'someone who waits hears nobody')
  await shot(tara.page, 'knock')

  await admit(tara, 'Cleo Client')
  await inSession(cleo)
  for (const [who, other] of [[tara, 2], [cleo, 1]]) {
    const first = await seesPerson(video(who), other)
    const later = await until(async () => {
      const f = await readFrame(video(who))
      return f && f.person === other && f.frame > first.frame + 20 ? f : null
    }, `20 further frames of person ${other}`)
    assert.ok(later.frame - first.frame < 200, 'frames come in order, at the pace of the camera')
  }
  for (const who of [tara, cleo]) {
    const gaps = await hearBeeps(who.page, audio(), 6)
    assert.ok(gaps.length >= 3, `heard ${gaps.length + 1} beeps in 6 s`)
    assert.ok(Math.abs(median(gaps) - 1000) < 150, `beeps ${gaps.map(Math.round)} ms apart`)
  }
  await shot(tara.page, 'session-host')
  await shot(cleo.page, 'session-client')
  assert.deepEqual(tara.errors, [])
  assert.deepEqual(cleo.errors, [])
})

test('three simulcast layers arrive, and the layer a viewer gets follows the tile', async (t) => {
  const room = await freshRoom()
  const tara = await openPerson({ person: 1, width: 1280, height: 720 })
  const cleo = await openPerson({ person: 2 })
  await withStats(tara)
  t.after(() => Promise.all([tara.close(), cleo.close()]))
  await meet({ ...demo, room }, tara, cleo)

  // Large on a desktop: the top layer. Smaller tiles get smaller layers, and the
  // top one again when they grow; the picture never stops being this person's.
  const seen = new Set()
  const layer = (is, what) =>
    until(async () => {
      const f = await readFrame(video(cleo)).catch(() => null)
      if (f) {
        seen.add(f.width)
        assert.equal(f.person, 1)
      }
      return f && is(f.width)
    }, what, 60_000)
  await layer((w) => w === 1280, 'the top layer in a large tile')
  await cleo.page.setViewportSize({ width: 480, height: 430 })
  await layer((w) => w === 640, 'the middle layer in a middling tile')
  await cleo.page.setViewportSize({ width: 300, height: 240 })
  await layer((w) => w === 320, 'the small layer in a small tile')
  await cleo.page.setViewportSize({ width: 1440, height: 900 })
  await layer((w) => w === 1280, 'the top layer again')
  assert.deepEqual([...seen].sort((x, y) => x - y), [320, 640, 1280])

  // What the publisher sent: three encodings of one camera, by rid.
  const sent = (await stats(tara, 'outbound-rtp')).filter((s) => s.kind === 'video' && s.rid && s.framesSent > 0)
  assert.deepEqual(sent.map((s) => s.rid).sort(), ['f', 'h', 'q'])
})

test('the host mutes; only the person unmutes', async (t) => {
  const room = await freshRoom()
  const [tara, cleo] = await couple(t, room)
  await tara.page.getByRole('button', { name: /^People/ }).click()
  await tara.page.getByRole('button', { name: 'Mute Cleo Client' }).click()
  await cleo.page.getByText('The host turned your microphone off.').first().waitFor()
  await cleo.page.getByRole('button', { name: 'Turn microphone on' }).waitFor()
  assert.deepEqual(await hearBeeps(tara.page, audio(), 3), [], 'nothing is heard of a muted person')
  await cleo.page.getByRole('button', { name: 'Turn microphone on' }).click()
  await until(async () => (await hearBeeps(tara.page, audio(), 3)).length > 0, 'beeps after unmuting', 20_000)
})

test('a removed person is out, and stays out', async (t) => {
  const room = await freshRoom()
  const [tara, cleo] = await couple(t, room)
  await tara.page.getByRole('button', { name: /^People/ }).click()
  await tara.page.getByRole('button', { name: 'Remove Cleo Client' }).click()
  await tara.page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
  await cleo.page.getByRole('heading', { name: /removed/i }).waitFor()
  await until(async () => (await tile(tara).count()) === 0, 'the tile to go')
  await shot(cleo.page, 'removed')
  const back = await cleo.page.request.post(`${demo.url}/api/v1/rooms/${room}/join`)
  assert.equal(back.status(), 403)
  await cleo.page.goto(`${demo.url}/rooms/${room}`)
  await cleo.page.getByRole('button', { name: 'Join now' }).click()
  await cleo.page.getByText(/removed from (this|the) session/).first().waitFor()
})

test('a screen is shared with its sound, beside the camera', async (t) => {
  const room = await freshRoom()
  const [tara, cleo] = await couple(t, room, { prepare: (who) => who.context.addInitScript(fakeScreen, 9) })
  await tara.page.getByRole('button', { name: 'Share your screen' }).click()
  await seesPerson(video(cleo, 'screen'), 9)
  await seesPerson(video(cleo, 'camera'), 1)
  const gaps = await hearBeeps(cleo.page, audio('screen-audio'), 5)
  assert.ok(gaps.length >= 3, `heard ${gaps.length + 1} beeps of the screen's sound`)
  assert.ok(Math.abs(median(gaps) - 500) < 100, `the screen's beeps are ${gaps.map(Math.round)} ms apart`)
  await shot(cleo.page, 'screen-share')
  await tara.page.getByRole('button', { name: 'Stop sharing' }).first().click()
  await until(async () => (await tile(cleo, 'screen').count()) === 0, 'the screen to go')
  await seesPerson(video(cleo, 'camera'), 1)
})

test('who leaves can rejoin without knocking again', async (t) => {
  const room = await freshRoom()
  const [tara, cleo] = await couple(t, room)
  await cleo.page.getByRole('button', { name: /^Leave/ }).first().click()
  await until(async () => (await tile(tara).count()) === 0, 'the tile to go')
  await join({ ...demo, room }, cleo)
  await inSession(cleo)
  await seesPerson(video(tara), 2)
  await seesPerson(video(cleo), 1)
})

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

/** A session of Tara and Cleo that nobody is in yet. */
function freshRoom() {
  return createRoom(demo, 'tara@example.org', { memberIds: [personId(demo, 'Cleo Client')] })
}

/** Tara and Cleo in a session, seeing each other. */
async function couple(t, room, options = {}) {
  const tara = await openPerson({ person: 1, ...options })
  const cleo = await openPerson({ person: 2 })
  t.after(async () => {
    await endRoom(demo, tara, room)
    await Promise.all([tara.close(), cleo.close()])
  })
  await options.prepare?.(tara)
  await meet({ ...demo, room }, tara, cleo)
  return [tara, cleo]
}
