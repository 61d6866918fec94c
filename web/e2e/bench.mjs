// What people wait for: from the click on Join to the first picture of the
// other, and from starting the program until it answers. Prints figures; fails
// only if something did not work.
//
//   node e2e/bench.mjs [JOINS [STARTS]]
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openPerson, root, seesPerson, startDemo } from './harness.mjs'

const [joins = 50, starts = 20] = process.argv.slice(2).map(Number)

/** p50, p95 and the worst of some milliseconds, by nearest rank. */
function summary(times) {
  const sorted = times.toSorted((a, b) => a - b)
  const rank = (q) => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)].toFixed(0)
  return `p50 ${rank(0.5)} ms, p95 ${rank(0.95)} ms, max ${rank(1)} ms (${sorted.length} times)`
}

const linkOf = (demo, name) => demo.people.find((p) => p.name.startsWith(name)).link

/** Signs in by link and opens the lobby of the session that can be joined. */
async function enterLobby(demo, who, page) {
  await page.goto(linkOf(demo, who))
  await page.waitForURL((url) => !url.pathname.startsWith('/link'))
  await page.goto(`${demo.url}/rooms/${demo.room}`)
}

const joinNow = (page) => page.getByRole('button', { name: 'Join now' })

/** Clicks Join once the mirror shows a picture; resolves when the click is done. */
async function join(page) {
  const button = joinNow(page)
  await button.waitFor()
  await page.waitForFunction(() => [...document.querySelectorAll('video')].some((v) => v.videoWidth > 0))
  await button.click()
}

async function measureJoins(demo) {
  const tara = await openPerson({ person: 1 })
  const cleo = await openPerson({ person: 2 })
  try {
    await enterLobby(demo, 'Tara', tara.page)
    await join(tara.page)
    await enterLobby(demo, 'Cleo', cleo.page)
    await join(cleo.page)
    await tara.page.getByRole('button', { name: /^Let in/ }).first().click()
    await seesPerson(cleo.page.locator('video[data-painted]').first(), 1).catch(() => undefined)
    const times = []
    for (let i = 0; i <= joins; i++) {
      if (i > 0) await join(cleo.page)
      const took = await cleo.page
        .waitForFunction(() => performance.getEntriesByName('mentara:join').at(-1)?.duration, undefined, { timeout: 20_000, polling: 50 })
        .then((h) => h.jsonValue())
      if (i > 0) times.push(took) // the first went through the waiting room
      await cleo.page.evaluate(() => performance.clearMeasures('mentara:join'))
      await cleo.page.getByRole('button', { name: 'Leave', exact: true }).click()
      await cleo.page.getByRole('button', { name: 'Join again' }).click()
    }
    return times
  } finally {
    await cleo.close()
    await tara.close()
  }
}

async function freePort() {
  const server = net.createServer()
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const { port } = /** @type {net.AddressInfo} */ (server.address())
  await new Promise((done) => server.close(done))
  return port
}

/** Whether the server answers 200 right now. */
function healthy(port) {
  return new Promise((answer) => {
    const req = get({ host: '127.0.0.1', port, path: '/healthz', agent: false }, (res) => {
      res.resume()
      answer(res.statusCode === 200)
    })
    req.on('error', () => answer(false))
  })
}

/** Milliseconds from starting the program on a furnished directory to its first 200. */
async function measureStart(data) {
  const port = await freePort()
  const began = performance.now()
  const program = spawn(
    path.join(root, 'bin/mentara'),
    ['serve', '--data', data, '--listen', `127.0.0.1:${port}`, '--media-port', '0'],
    { stdio: 'ignore' },
  )
  const ended = new Promise((done) => program.once('exit', done))
  try {
    while (!(await healthy(port))) {
      if (performance.now() - began > 30_000 || program.exitCode !== null) throw new Error('mentara serve did not answer')
      await new Promise((next) => setTimeout(next, 2))
    }
    return performance.now() - began
  } finally {
    program.kill('SIGTERM')
    await ended
  }
}

// A practice with people and sessions in it, kept for the starts.
const data = mkdtempSync(path.join(tmpdir(), 'mentara-bench-'))
try {
  const demo = await startDemo(['--data', data])
  try {
    const times = await measureJoins(demo)
    console.log(`click on Join to first remote frame: ${summary(times)}; target p50 < 500 ms, p95 < 1000 ms`)
  } finally {
    await demo.stop()
  }
  const times = []
  for (let i = 0; i < starts; i++) times.push(await measureStart(data))
  console.log(`start to /healthz with an existing database: ${summary(times)}; target < 1000 ms`)
} finally {
  rmSync(data, { recursive: true, force: true })
}
