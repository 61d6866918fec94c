// What the network does to a session: a cut of five seconds, and a network
// that blocks UDP. The browser's media goes through a relay the test controls.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openPerson, openRelay, readFrame, seesPerson, shot, startDemo, until } from './harness.mjs'
import { createRoom, meet, personId, standsStill, stats, tile, video, withStats } from './steps.mjs'

let demo
before(async () => {
  demo = await startDemo()
})
after(() => demo?.stop())

async function through(t, relay) {
  const room = await createRoom(demo, 'tara@example.org', { memberIds: [personId(demo, 'Cleo Client')] })
  const tara = await openPerson({ person: 1 })
  const cleo = await openPerson({ person: 2, relay, mediaPort: demo.mediaPort })
  await withStats(cleo)
  t.after(async () => {
    await Promise.all([tara.close(), cleo.close()])
    await relay.close()
  })
  return { room, tara, cleo }
}

test('after five seconds without network, media is back within three, on the same seat', async (t) => {
  const relay = await openRelay(demo.mediaPort)
  const { room, tara, cleo } = await through(t, relay)
  await meet({ ...demo, room }, tara, cleo)
  assert.ok(relay.counts.udp > 0, 'the media goes through the relay')
  const seat = await tile(tara).getAttribute('data-participant')

  relay.cut()
  await standsStill(video(tara), 1000)
  await new Promise((done) => setTimeout(done, 4000))
  await shot(cleo.page, 'reconnecting')
  const [before, beforeTara] = [await readFrame(video(cleo)), await readFrame(video(tara))]
  relay.restore()
  const restored = Date.now()
  const moved = (who, was) => async () => {
    const f = await readFrame(video(who)).catch(() => null)
    return f && f.frame !== was?.frame
  }
  await Promise.all([
    until(moved(cleo, before), 'the client to see again', 3000),
    until(moved(tara, beforeTara), 'the host to see again', 3000),
  ])
  t.diagnostic(`media back ${Date.now() - restored} ms after the network`)
  assert.equal(await tile(tara).getAttribute('data-participant'), seat, 'the same seat')
  await seesPerson(video(tara), 2)
  await seesPerson(video(cleo), 1)
})

test('where UDP is blocked, the session runs over ICE-TCP', async (t) => {
  const relay = await openRelay(demo.mediaPort)
  relay.blockUdp()
  const { room, tara, cleo } = await through(t, relay)
  await meet({ ...demo, room }, tara, cleo)
  const pairs = (await stats(cleo, 'candidate-pair')).filter((p) => p.nominated && p.state === 'succeeded')
  const remote = (await stats(cleo, 'remote-candidate')).filter((c) => pairs.some((p) => p.remoteCandidateId === c.id))
  assert.deepEqual([...new Set(remote.map((c) => c.protocol))], ['tcp'])
  await until(async () => relay.counts.tcp > 100_000, 'media by TCP')
  await seesPerson(video(cleo), 1)
  await seesPerson(video(tara), 2)
})
