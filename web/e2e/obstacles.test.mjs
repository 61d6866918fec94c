// What stands between a person and a session, and how the page helps: no
// permission, no camera; and what it looks like on a phone. axe looks at every
// page on the way, and pictures are left for a person to look at.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, openPerson, seesPerson, shot, startDemo } from './harness.mjs'
import { admit, createRoom, inSession, inWaitingRoom, join, personId, signIn, video } from './steps.mjs'

let demo
before(async () => {
  demo = await startDemo()
})
after(() => demo?.stop())

const newRoom = () => createRoom(demo, 'tara@example.org', { memberIds: [personId(demo, 'Cleo Client')] })

test('a refused camera has a screen that says what to do, and one can join with sound or without', async (t) => {
  const room = await newRoom()
  const cleo = await openPerson({ person: 2, camera: false })
  t.after(cleo.close)
  await cleo.context.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = async () => {
      throw new DOMException('Permission denied', 'NotAllowedError')
    }
  })
  await signIn(demo, cleo, 'cleo@example.org')
  await cleo.page.goto(`${demo.url}/rooms/${room}`)
  await cleo.page.getByText(/permission|allow|blocked/i).first().waitFor()
  await shot(cleo.page, 'camera-refused')
  assert.deepEqual(await axe(cleo.page), [])
  await cleo.page.getByRole('button', { name: /^Join/ }).first().click()
  await inWaitingRoom(cleo)
})

test('an account page and a session on a phone: same steps, nothing cut off', async (t) => {
  const room = await newRoom()
  const tara = await openPerson({ person: 1 })
  const cleo = await openPerson({ person: 2, phone: true })
  t.after(() => Promise.all([tara.close(), cleo.close()]))
  await signIn(demo, tara, 'tara@example.org')
  await signIn(demo, cleo, 'cleo@example.org')
  await join({ ...demo, room }, tara)
  await inSession(tara)
  await join({ ...demo, room }, cleo)
  await inWaitingRoom(cleo)
  await shot(cleo.page, 'phone-waiting')
  assert.deepEqual(await axe(cleo.page), [])
  await admit(tara, 'Cleo Client')
  await inSession(cleo)
  await seesPerson(video(cleo), 1)
  await seesPerson(video(tara), 2)
  await shot(cleo.page, 'phone-session')
  assert.deepEqual(await axe(cleo.page), [])
  assert.deepEqual(await axe(tara.page), [])
  for (const button of await cleo.page.getByRole('toolbar', { name: 'Session controls' }).getByRole('button').all()) {
    const box = await button.boundingBox()
    if (!box) continue
    assert.ok(box.x >= 0 && box.x + box.width <= 390 && box.y + box.height <= 844, `${await button.getAttribute('aria-label')} is inside the screen`)
    assert.ok(box.width >= 44 && box.height >= 44, `${await button.getAttribute('aria-label')} is large enough to touch`)
  }
})

for (const dark of [false, true]) {
  for (const phone of [false, true]) {
    const look = `${dark ? 'dark' : 'light'}-${phone ? 'phone' : 'desktop'}`
    test(`every page is accessible: ${look}`, async (t) => {
      const tara = await openPerson({ person: 1, phone, dark })
      t.after(tara.close)
      const problems = []
      const visit = async (path, name, ready) => {
        await tara.page.goto(demo.url + path)
        await ready()
        await tara.page.evaluate(() => document.fonts.ready)
        problems.push(...(await axe(tara.page)).map((line) => `${name}: ${line}`))
        await shot(tara.page, `page-${name}-${look}`)
      }
      const heading = () => tara.page.getByRole('heading', { level: 1 }).first().waitFor()
      await visit('/sign-in', 'sign-in', heading)
      await signIn(demo, tara, 'tara@example.org')
      await visit('/', 'today', heading)
      await visit('/sessions', 'sessions', heading)
      await visit('/people', 'people', heading)
      await visit('/account', 'account', heading)
      await visit('/check', 'check', heading)
      await visit(`/rooms/${demo.room}`, 'lobby', () => tara.page.getByRole('button', { name: 'Join now' }).waitFor())
      await visit('/nowhere', 'not-found', heading)
      assert.deepEqual(problems, [])
      // The sign-in page asks who one is, and is told nobody; /nowhere is nowhere.
      assert.deepEqual(tara.errors.filter((e) => !/status of 40[14]/.test(e)), [])
    })
  }
}
