// Takes the pictures of the README from the real program: node web/e2e/pictures.mjs
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { openPerson, root, startDemo, until } from './harness.mjs'
import { admit, inSession, inWaitingRoom, join, signIn, video } from './steps.mjs'

const out = path.join(root, 'docs/pictures')
mkdirSync(out, { recursive: true })
const demo = await startDemo()
const tara = await openPerson({ person: 3, portrait: true, width: 1280, height: 720, viewport: { width: 1280, height: 800 } })
const cleo = await openPerson({ person: 1, portrait: true, width: 1280, height: 720, phone: true })
const picture = (who, name) => who.page.screenshot({ path: path.join(out, `${name}.png`) })
const pause = (ms) => new Promise((done) => setTimeout(done, ms))
try {
  await signIn(demo, tara, 'tara@example.org')
  await signIn(demo, cleo, 'cleo@example.org')
  await tara.page.goto(demo.url)
  await tara.page.getByRole('link', { name: /^Join/ }).first().waitFor()
  await picture(tara, 'today')
  await join(demo, tara)
  await inSession(tara)
  await join(demo, cleo)
  await inWaitingRoom(cleo)
  await admit(tara, 'Cleo Client')
  await inSession(cleo)
  for (const who of [tara, cleo]) {
    await until(() => video(who).evaluate((v) => v.videoWidth >= 640), 'a sharp picture', 60_000)
  }
  await pause(4000)
  await tara.page.mouse.move(600, 700)
  await cleo.page.touchscreen.tap(195, 300)
  await pause(1500)
  await picture(tara, 'session')
  await picture(cleo, 'session-phone')
} finally {
  await Promise.all([tara.close(), cleo.close()])
  await demo.stop()
}
