// The player of recordings in a real Chromium: three people with cameras and
// microphones, one who came late, one who came back, a shared screen, made by
// ffmpeg with a frame counter in the picture and a beep each second. What each
// lane shows and says is read back and compared.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { build } from 'vite'

const src = fileURLToPath(new URL('../src', import.meta.url))
const fps = 30
const dir = mkdtempSync(path.join(tmpdir(), 'mentara-player-'))
let browser, page, server, origin

/**
 * One second of a frame counter as 12 white or black fields, most significant
 * first. `from` is where on the recording's clock the file begins.
 */
function camera(name, from, seconds) {
  const bit = (n) => `mod(floor((N+${Math.round((from * fps) / 1000)})/${2 ** (11 - n)}),2)`
  const field = Array.from({ length: 12 }, (_, n) => `eq(floor(X/20),${n})*${bit(n)}`).join('+')
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', `color=black:s=240x80:r=${fps}:d=${seconds}`,
    '-vf', `format=gray,geq=lum='255*(${field})',scale=320:180:flags=neighbor,format=yuv420p`,
    '-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '600k', '-g', '60', path.join(dir, name)])
}

/** A beep of 60 ms at each full second of the recording's clock; `hole` [from, to] in seconds of the file has no packets. */
function microphone(name, from, seconds, hole) {
  const t = `(t+${from / 1000})`
  const sound = path.join(dir, `whole-${name}`)
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', `aevalsrc='if(lt(mod(${t},1),0.06),0.5*sin(2*PI*1000*t),0)':s=48000:d=${seconds}`,
    '-c:a', 'libopus', '-b:a', '32k', sound])
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', sound, '-c', 'copy',
    ...(hole ? ['-bsf:a', `noise=drop='between(pts*tb,${hole[0] + 0.01},${hole[1] - 0.01})'`] : []), path.join(dir, name)])
}

const length = 60_000
const tracks = []
const gaps = []
function track(id, person, source, startMs, durationMs, hole) {
  const kind = source === 'camera' || source === 'screen' ? 'video' : 'audio'
  const name = `${id}.webm`
  if (kind === 'video') camera(name, startMs, durationMs / 1000)
  else microphone(name, startMs, durationMs / 1000, hole)
  if (hole) gaps.push({ track: id, fromMs: startMs + hole[0] * 1000, toMs: startMs + hole[1] * 1000, reason: 'muted' })
  tracks.push({ id, person, source, kind, mime: 'video/webm', startMs, durationMs, width: 320, height: 180, url: `/media/${name}` })
}

before(async () => {
  track('a-cam', 'A', 'camera', 0, length)
  track('a-mic', 'A', 'microphone', 40, length - 40)
  track('b-cam', 'B', 'camera', 8_250, length - 8_250)
  track('b-mic', 'B', 'microphone', 8_210, length - 8_210, [11, 19]) // muted 19.21 … 27.21
  track('c-cam', 'C', 'camera', 2_000, 18_000) // leaves at 20 s …
  track('c-mic', 'C', 'microphone', 2_000, 18_000)
  track('c-cam-2', 'C', 'camera', 31_400, 20_000) // … and is back
  track('c-mic-2', 'C', 'microphone', 31_380, 20_000)
  track('screen', 'A', 'screen', 35_000, 15_000)

  const { output } = await build({
    configFile: false, logLevel: 'error', resolve: { alias: { '@': src } },
    build: { write: false, minify: false, target: 'chrome111', lib: { entry: path.join(src, 'lib/recording/player.ts'), formats: ['es'] } },
  }).then((r) => (Array.isArray(r) ? r[0] : r))

  server = createServer((request, response) => {
    const url = new URL(request.url, 'http://local')
    if (url.pathname === '/player.js') return response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(output[0].code)
    if (url.pathname.startsWith('/media/')) return sendRange(path.join(dir, path.basename(url.pathname)), request, response, url.searchParams)
    if (url.pathname === '/') return response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>player</title><body>')
    return response.writeHead(404).end()
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  origin = `http://127.0.0.1:${server.address().port}`
  browser = await chromium.launch({
    executablePath: process.env.MENTARA_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--autoplay-policy=no-user-gesture-required'],
  })
})
after(async () => {
  await browser?.close()
  server?.closeAllConnections()
  server?.close()
  rmSync(dir, { recursive: true, force: true })
})

/** What the server refuses or withholds just now, by file. */
const faults = new Map()

function sendRange(file, request, response) {
  const fault = faults.get(path.basename(file, '.webm'))
  if (fault === 'stall') return undefined // never answers
  if (typeof fault === 'number') return response.writeHead(fault).end()
  const { size } = statSync(file)
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
  const from = Number(first ?? 0)
  // As the server does (recording/playback.go), in smaller pieces.
  const to = Math.min(last ? Number(last) : size - 1, from + 256 * 1024 - 1, size - 1)
  if (from >= size) return response.writeHead(416, { 'Content-Range': `bytes */${size}` }).end()
  response.writeHead(first === undefined ? 200 : 206, {
    'Content-Type': 'video/webm', 'Accept-Ranges': 'bytes', 'Cache-Control': 'no-store', 'Content-Length': to - from + 1,
    ...(first === undefined ? {} : { 'Content-Range': `bytes ${from}-${to}/${size}` }),
  })
  return createReadStream(file, { start: from, end: to }).pipe(response)
}

/** A page with a player on it: window.player, and window.look() that reads the lanes. */
async function open(chosen = tracks) {
  await page?.context().close()
  const context = await browser.newContext({ viewport: { width: 1000, height: 700 } })
  page = await context.newPage()
  await page.goto(origin)
  await page.evaluate(async ({ tracks, gaps, length, fps }) => {
    const { Player } = await import('/player.js')
    window.diagnosis = 'damaged'
    window.played = []
    const player = new Player({
      tracks, gaps, range: { fromMs: 0, toMs: length }, silences: [],
      media: (t) => {
        const element = document.createElement(t.kind)
        element.width = 240
        document.body.append(element)
        return element
      },
      diagnose: async () => window.diagnosis,
      now: () => performance.now(),
      every: (ms, tick) => { const timer = setInterval(tick, ms); return () => clearInterval(timer) },
    })
    player.on('played', (s) => window.played.push(s))
    window.player = player

    // The picture on screen, by its counter and the moment it was presented.
    const shown = new Map()
    for (const { track, media } of player.lanes) {
      if (track.kind !== 'video') continue
      const canvas = new OffscreenCanvas(320, 180)
      const pen = canvas.getContext('2d', { willReadFrequently: true })
      const next = (_, frame) => {
        pen.drawImage(media, 0, 0, 320, 180)
        let count = 0
        for (let n = 0; n < 12; n++) count = count * 2 + (pen.getImageData(Math.round((n + 0.5) * 320 / 12), 90, 1, 1).data[0] > 127 ? 1 : 0)
        shown.set(track.id, { at: (count * 1000) / fps, when: frame.expectedDisplayTime })
        media.requestVideoFrameCallback(next)
      }
      media.requestVideoFrameCallback(next)
    }

    // What is heard: the onset of each beep, on the page's clock.
    const audio = new AudioContext()
    const heard = new Map()
    const taps = []
    for (const { track, media } of player.lanes) {
      if (track.kind !== 'audio') continue
      const tap = audio.createAnalyser()
      tap.fftSize = 256
      audio.createMediaElementSource(media).connect(tap)
      tap.connect(audio.destination)
      taps.push({ id: track.id, tap, loud: false, samples: new Float32Array(256) })
      heard.set(track.id, [])
    }
    setInterval(() => {
      for (const t of taps) {
        t.tap.getFloatTimeDomainData(t.samples)
        let top = 0
        for (const s of t.samples) top = Math.max(top, Math.abs(s))
        if (!t.loud && top > 0.1) heard.get(t.id).push(performance.now())
        t.loud = top > (t.loud ? 0.02 : 0.1)
      }
    }, 4)
    window.shown = shown
    window.heard = heard
    /** Where each playing lane says it is, against the first of them. */
    window.look = () => {
      const at = player.position.get()
      return player.lanes.filter((l) => l.has(at) && !l.media.paused && !l.media.ended).map((l) => ({ id: l.track.id, ms: l.media.currentTime * 1000 + l.track.startMs }))
    }
  }, { tracks: chosen, gaps, length, fps })
}

/** Plays from a moment and samples for some seconds: the spread of the lanes, and of picture against sound. */
function measure(at, seconds, rate = 1) {
  return page.evaluate(async ({ at, seconds, rate, fps }) => {
    const { player, heard, shown } = window
    player.setRate(rate)
    const asked = performance.now()
    player.seek(at)
    player.play()
    while (player.state.get().status !== 'playing') await new Promise((next) => setTimeout(next, 5))
    const startMs = performance.now() - asked
    await new Promise((next) => setTimeout(next, 1000))
    for (const list of heard.values()) list.length = 0
    const spreads = []
    const pictures = [] // recording time on screen, by wall clock
    const end = performance.now() + seconds * 1000
    let waits = 0
    const all = new Set()
    while (performance.now() < end) {
      if (player.state.get().status !== 'playing') waits++
      const lanes = window.look()
      for (const l of lanes) all.add(l.id)
      if (lanes.length > 1) spreads.push(Math.max(...lanes.map((l) => l.ms)) - Math.min(...lanes.map((l) => l.ms)))
      for (const [id, s] of shown) pictures.push({ id, ...s })
      await new Promise((next) => setTimeout(next, 20))
    }
    // At a beep the recording's clock shows a full second: what did the pictures show then?
    const av = []
    for (const [id, list] of heard) {
      for (const when of list) {
        for (const cam of new Set(pictures.map((p) => p.id))) {
          const near = pictures.filter((p) => p.id === cam && Math.abs(p.when - when) < 60).sort((a, b) => Math.abs(a.when - when) - Math.abs(b.when - when))[0]
          if (!near) continue
          const picture = near.at + (when - near.when) * rate
          const off = ((picture + 500) % 1000) - 500
          av.push({ id, cam, ms: off - 500 / fps })
        }
      }
    }
    return { startMs, spreads, av, waits, lanes: [...all] }
  }, { at, seconds, rate, fps })
}

const top = (list) => Math.max(0, ...list.map(Math.abs))
const share = (list, p) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * p))] ?? 0

for (const [at, rate] of [[3_000, 1], [12_500, 1], [36_000, 1], [14_000, 2], [40_000, 0.5], [16_000, 1.25]]) {
  test(`lanes stay together from ${at / 1000} s at ${rate}×`, async (t) => {
    await open()
    const seen = await measure(at, 4, rate)
    const av = seen.av.map((a) => a.ms)
    t.diagnostic(`${seen.lanes.length} lanes; started in ${Math.round(seen.startMs)} ms; lane spread p95 ${share(seen.spreads, 0.95).toFixed(0)} ms, most ${top(seen.spreads).toFixed(0)} ms; A/V ${seen.av.length} beeps × cameras, median ${share(av, 0.5).toFixed(0)} ms, most ${top(av).toFixed(0)} ms`)
    assert.ok(seen.lanes.length >= 4, `playing: ${seen.lanes.join(' ')}`)
    assert.ok(share(seen.spreads, 0.95) < 80, 'lanes within 80 ms')
    assert.ok(seen.av.length > 0, 'beeps were heard')
    assert.ok(Math.abs(share(av, 0.5)) < 60, 'sound and picture within 60 ms')
  })
}

test('a hole in a microphone does not pull the rest of it forward', async (t) => {
  await open()
  const seen = await measure(17_500, 14)
  const after = seen.av.filter((a) => a.id === 'b-mic').map((a) => a.ms)
  t.diagnostic(`B's beeps around their mute: ${after.length} pairs, most ${top(after).toFixed(0)} ms off`)
  assert.ok(after.length > 5)
  assert.ok(Math.abs(share(after, 0.5)) < 60)
})

test('many seeks end where they were asked to', async (t) => {
  await open()
  const offsets = await page.evaluate(async () => {
    const { player } = window
    const out = []
    player.play()
    for (const at of [5_000, 45_000, 20_500, 9_000, 33_000, 50_000, 1_000, 28_000]) {
      const asked = performance.now()
      player.seek(at)
      while (player.state.get().status !== 'playing') await new Promise((next) => setTimeout(next, 5))
      const took = performance.now() - asked
      await new Promise((next) => setTimeout(next, 700))
      const lanes = window.look().map((l) => l.ms - player.position.get())
      out.push({ at, took, most: Math.max(...lanes.map(Math.abs)) })
    }
    return out
  })
  for (const o of offsets) t.diagnostic(`seek to ${o.at / 1000} s: playing after ${Math.round(o.took)} ms, lanes within ${o.most.toFixed(0)} ms`)
  assert.ok(offsets.every((o) => o.most < 80))
})

test('what was watched is never more than what played', async () => {
  await open()
  const { wall, told } = await page.evaluate(async () => {
    const { player } = window
    player.play()
    while (player.state.get().status !== 'playing') await new Promise((next) => setTimeout(next, 5))
    const from = performance.now()
    await new Promise((next) => setTimeout(next, 1500))
    player.seek(30_000)
    await new Promise((next) => setTimeout(next, 1500))
    player.pause()
    return { wall: performance.now() - from, told: window.played.reduce((sum, s) => sum + s.toMs - s.fromMs, 0) }
  })
  assert.ok(told <= wall + 30, `${told} ms told in ${wall} ms`)
  assert.ok(told > wall * 0.6)
})

test('one lane that stalls stops the clock and is named; one that is damaged does not', async () => {
  faults.set('b-cam', 'stall')
  await open()
  await page.evaluate(() => { window.player.seek(12_000); window.player.play() })
  await page.waitForFunction(() => window.player.state.get().waitingFor.length > 0)
  assert.deepEqual(await page.evaluate(() => [window.player.state.get().status, window.player.state.get().waitingFor]), ['waiting', ['b-cam']])
  faults.set('b-cam', 500)
  await open()
  await page.evaluate(() => { window.player.seek(12_000); window.player.play() })
  await page.waitForFunction(() => window.player.state.get().status === 'playing')
  assert.deepEqual(await page.evaluate(() => window.player.state.get().faulty), ['b-cam'])
  faults.clear()
})

test('a refusal that ends is survived; one that stays ends the player', async () => {
  faults.set('a-mic', 409)
  await open()
  await page.evaluate(() => { window.diagnosis = 'retry'; window.player.play() })
  await page.waitForTimeout(250)
  faults.clear()
  await page.waitForFunction(() => window.player.state.get().status === 'playing')
  assert.deepEqual(await page.evaluate(() => window.player.state.get().faulty), [])
  faults.set('a-cam', 404)
  await open()
  await page.evaluate(() => { window.diagnosis = 'gone'; window.player.play() })
  await page.waitForFunction(() => window.player.state.get().status === 'gone')
  faults.clear()
})

test('single frames, forwards and back', async () => {
  await open()
  const seen = await page.evaluate(async () => {
    const { player, shown } = window
    const shows = async (isIt) => {
      for (const end = performance.now() + 10_000; performance.now() < end; ) {
        const at = shown.get('a-cam')?.at
        if (at !== undefined && isIt(at)) return at
        await new Promise((next) => setTimeout(next, 5))
      }
      throw new Error(`it shows ${shown.get('a-cam')?.at}`)
    }
    player.seek(10_000)
    const out = [await shows((at) => Math.abs(at - 10_000) < 200)]
    for (const direction of [1, 1, 1, -1, -1]) {
      await player.step(direction, 'a-cam')
      out.push(await shows((at) => at !== out.at(-1)))
    }
    return out.map((ms) => Math.round((ms * 30) / 1000))
  })
  assert.deepEqual(seen.map((n) => n - seen[0]), [0, 1, 2, 3, 2, 1], `frames ${seen}`)
})
