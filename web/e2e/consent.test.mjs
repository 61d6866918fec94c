// Consent with real browsers and the real program: what each person is asked,
// sees and decides, a guest and a late one too. What is in the files is told by
// recording.test.mjs.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, openPerson, shot, startDemo, until } from './harness.mjs'
import { admit, createRoom, inSession, inWaitingRoom, join, meet, personId } from './steps.mjs'

let demo
before(async () => {
  demo = await startDemo()
})
after(() => demo?.stop())

const button = (who, name) => who.page.getByRole('button', { name })
const indicator = (who, state) => button(who, `${state}. Show who is recorded.`)
const question = (who, name) => who.page.getByRole('dialog', { name })

/** The host asks everybody, for a purpose. */
async function ask(host, purpose = 'To look back at our work together') {
  await button(host, 'Record this session').click()
  const dialog = question(host, 'Record this session')
  await dialog.getByLabel(purpose).check()
  await dialog.getByRole('button', { name: 'Ask everybody' }).click()
}

const answer = (who, name, word) => question(who, name).getByRole('button', { name: word, exact: true }).click()

/** What the server tells this person of a room's recordings. */
async function recordings(who) {
  const res = await who.page.request.get(`${demo.url}/api/v1/recordings`)
  assert.equal(res.status(), 200)
  return (await res.json()).items
}

async function guest(t, host, room) {
  const res = await host.page.request.post(`${demo.url}/api/v1/rooms/${room}/guest-links`, { headers: { Origin: demo.url }, data: {} })
  assert.equal(res.status(), 201)
  const { token } = await res.json()
  const sam = await openPerson({ person: 3, phone: true, dark: true })
  t.after(() => sam.close())
  await sam.page.goto(`${demo.url}/guest#token=${token}`)
  await sam.page.getByLabel(/name/i).fill('Sam')
  await sam.page.getByRole('button', { name: /continue|come in|join/i }).click()
  await sam.page.getByText('This session is being recorded').waitFor()
  await shot(sam.page, 'recording-lobby')
  await button(sam, 'Join now').click()
  await inWaitingRoom(sam)
  await admit(host, 'Sam')
  await inSession(sam)
  return sam
}

test('everybody is asked, sees the answers, and can take theirs back', async (t) => {
  const room = await createRoom(demo, 'tara@example.org', { memberIds: [personId(demo, 'Cleo Client')] })
  const tara = await openPerson({ person: 1 })
  const cleo = await openPerson({ person: 2 })
  t.after(() => Promise.all([tara.close(), cleo.close()]))
  await meet({ ...demo, room }, tara, cleo)

  // Asked, and nothing recorded before the answer.
  await ask(tara)
  const asks = question(cleo, 'Tara Therapist asks to record this session')
  await asks.waitFor()
  await asks.getByText('To look back at our work together').waitFor()
  assert.deepEqual(await axe(cleo.page), [])
  await shot(cleo.page, 'consent')
  await cleo.page.keyboard.press('Escape')
  await cleo.page.keyboard.press('Enter')
  await indicator(tara, 'Asking to record').waitFor()
  await tara.page.getByText('Nothing is recorded yet. Waiting for Cleo Client.').waitFor()
  assert.deepEqual((await recordings(tara)).map((r) => r.state), ['asking'])
  await answer(cleo, /asks to record/, 'Agree')
  await Promise.all([tara, cleo].map((who) => indicator(who, 'Recording').waitFor()))
  await shot(tara.page, 'recording-host')

  // A guest who comes late is told first, asked then, and recorded only after.
  const sam = await guest(t, tara, room)
  await question(sam, 'This session is being recorded').waitFor()
  assert.deepEqual(await axe(sam.page), [])
  await shot(sam.page, 'consent-late')
  await indicator(tara, 'Recording').click()
  await tara.page.getByText('asked, has not answered').waitFor()
  await answer(sam, 'This session is being recorded', 'Agree')
  await until(async () => (await tara.page.getByRole('listitem').filter({ hasText: /^Samrecorded$/ }).count()) === 1, 'the guest to be recorded')
  await tara.page.keyboard.press('Escape')

  // A bookmark by one key, and back.
  await tara.page.keyboard.press('b')
  await tara.page.getByText(/^Bookmarked at /).waitFor()
  await button(tara, 'Undo').first().click()
  await tara.page.getByText('The bookmark is gone.').waitFor()

  // A reload comes back to the same state, and no answer is asked twice.
  await cleo.page.reload()
  await button(cleo, 'Join now').click()
  await inSession(cleo)
  await indicator(cleo, 'Recording').waitFor()
  assert.equal(await question(cleo, /record/).count(), 0)

  // The guest withdraws: it pauses, and the others are asked whether to go on.
  await indicator(sam, 'Recording').click()
  await button(sam, 'Stop recording me').click()
  await sam.page.getByText('You are no longer recorded.').waitFor()
  await Promise.all([tara, cleo].map((who) => question(who, 'Go on recording?').waitFor()))
  await question(cleo, 'Go on recording?').getByText('Sam withdrew and is no longer recorded.', { exact: false }).waitFor()
  await indicator(sam, 'Recording paused').waitFor()
  await answer(tara, 'Go on recording?', 'Go on')
  await answer(cleo, 'Go on recording?', 'Go on')
  await Promise.all([tara, cleo, sam].map((who) => indicator(who, 'Recording').waitFor()))

  // The host stops; all are told, and it is in the list with what everybody said.
  await button(tara, 'Stop recording').first().click()
  await question(tara, 'Stop recording?').getByRole('button', { name: 'Stop recording' }).click()
  await Promise.all([tara, cleo, sam].map((who) => who.page.getByText('The recording has stopped and is being saved.').waitFor()))
  const ready = await until(async () => (await recordings(tara)).find((r) => r.state === 'ready'), 'the recording to be saved', 60_000)
  const said = Object.fromEntries(ready.people.map((p) => [p.name, p.consent]))
  assert.deepEqual(said, { 'Tara Therapist': 'agreed', 'Cleo Client': 'agreed', Sam: 'withdrawn' })

  await tara.page.goto(`${demo.url}/recordings?open=${ready.id}`)
  const panel = tara.page.getByRole('dialog')
  await panel.getByText('withdrew').waitFor()
  assert.deepEqual(await axe(tara.page), [])
  await shot(tara.page, 'recording-panel')
  await cleo.page.goto(`${demo.url}/recordings?open=${ready.id}`)
  await cleo.page.getByText('Nobody has watched it.').waitFor()
  assert.equal(await cleo.page.getByRole('link', { name: /^Watch/ }).count(), 0, 'a client watches nothing')
})

test('who declines is not recorded, and the host decides whether to go without them', async (t) => {
  const room = await createRoom(demo, 'tara@example.org', { memberIds: [personId(demo, 'Cleo Client')] })
  const tara = await openPerson({ person: 1 })
  const cleo = await openPerson({ person: 2 })
  t.after(() => Promise.all([tara.close(), cleo.close()]))
  await meet({ ...demo, room }, tara, cleo)

  await ask(tara)
  await answer(cleo, /asks to record/, 'Decline')
  const without = question(tara, 'Record without Cleo Client?')
  await without.waitFor()
  await shot(tara.page, 'record-without')
  await without.getByRole('button', { name: 'Record nothing' }).click()
  await tara.page.getByText('Nothing is recorded. The question was taken back.').waitFor()
  const [last] = (await recordings(tara)).filter((r) => r.roomId === room)
  assert.equal(last.state, 'cancelled')
  assert.equal(last.bytes, 0)

  // Asked anew: put aside, answered later, from the banner.
  await ask(tara)
  await question(cleo, /asks to record/).getByRole('button', { name: 'Talk first, answer later' }).click()
  await button(cleo, 'Answer').click()
  await answer(cleo, /asks to record/, 'Decline')
  await question(tara, 'Record without Cleo Client?').getByRole('button', { name: 'Record without them' }).click()
  await Promise.all([tara, cleo].map((who) => indicator(who, 'Recording').waitFor()))
  await indicator(cleo, 'Recording').click()
  await cleo.page.getByText('You are not recorded.').waitFor()
})
