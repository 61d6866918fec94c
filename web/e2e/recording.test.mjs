// A recording from the question to the review, in real browsers: who agrees is
// recorded, who declines or withdraws is not, and what the review plays is what
// was seen and heard, together.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { axe, openPerson, seesPerson, shot, startDemo, until } from './harness.mjs'
import { admit, createRoom, inSession, inWaitingRoom, join, personId, signIn, video } from './steps.mjs'

let demo, tara, cleo

before(async () => {
  demo = await startDemo()
  tara = await openPerson({ person: 1 })
  cleo = await openPerson({ person: 2 })
  for (const [who, person] of [[tara, 1], [cleo, 2]]) await who.context.addInitScript(syncedMedia, person)
  await signIn(demo, tara, 'tara@example.org')
  await signIn(demo, cleo, 'cleo@example.org')
})

after(async () => {
  await tara?.close()
  await cleo?.close()
  await demo?.stop()
})

/**
 * A camera and a microphone on one clock, which Chromium's fake devices are
 * not: the blocks of `person` with a frame counter, and a beep whenever the
 * counter begins a second. Runs in the page.
 */
function syncedMedia(person) {
  if (!navigator.mediaDevices) return
  navigator.mediaDevices.getUserMedia = async ({ audio: wantsAudio, video: wantsVideo }) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 })
    const pen = canvas.getContext('2d')
    const audio = new AudioContext({ latencyHint: 0 })
    await audio.resume()
    const tone = audio.createOscillator()
    tone.frequency.value = 600 + 200 * person
    const gate = audio.createGain()
    const out = audio.createMediaStreamDestination()
    gate.gain.value = 0
    tone.connect(gate).connect(out)
    tone.start()
    // Performance's seconds to the audio's. Its clock moves in steps: right after
    // one it is furthest ahead, and true.
    let ahead = -Infinity
    for (const until = performance.now() + 500; performance.now() < until; ) {
      ahead = Math.max(ahead, audio.currentTime - performance.now() / 1000)
      await new Promise((next) => setTimeout(next))
    }
    const start = performance.now()
    let beeps = 0
    setInterval(() => {
      const ms = performance.now() - start
      const word = (person << 12) | (Math.floor((ms * 30) / 1000) % 4096)
      for (let b = 0; b < 16; b++) {
        pen.fillStyle = (word >> (15 - b)) & 1 ? '#ebebeb' : '#101010'
        pen.fillRect(b * 40, 0, 40, 360)
      }
      for (; beeps * 1000 < ms + 500; beeps++) {
        const at = ahead + start / 1000 + beeps
        if (at < audio.currentTime) continue
        gate.gain.setValueAtTime(0.5, at)
        gate.gain.setValueAtTime(0, at + 0.12)
      }
    }, 1000 / 60)
    return new MediaStream([...(wantsVideo ? canvas.captureStream(30).getVideoTracks() : []), ...(wantsAudio ? out.stream.getAudioTracks() : [])])
  }
}

const button = (who, name) => who.page.getByRole('button', { name })
const indicator = (who, words) => button(who, new RegExp(`^${words}`)).first()

/** Tara and Cleo in a new room of theirs. */
async function meetAnew(title) {
  const room = await createRoom(demo, 'tara@example.org', { title, memberIds: [personId(demo, 'Cleo Client')] })
  await join(demo, tara, room)
  await inSession(tara)
  await join(demo, cleo, room)
  await inWaitingRoom(cleo)
  await admit(tara, 'Cleo Client')
  await inSession(cleo)
  await seesPerson(video(tara), 2)
  await seesPerson(video(cleo), 1)
  return room
}

async function ask(host) {
  await button(host, 'Record this session').click()
  await button(host, 'Ask everybody').click()
}

async function stopRecording(host) {
  await button(host, 'Stop recording').first().click()
  await host.page.getByRole('dialog').getByRole('button', { name: 'Stop recording' }).click()
}

const leave = (who) => button(who, /^Leave/).first().click()

/** The newest recording of a room, once it can be watched. */
async function finished(room) {
  return until(async () => {
    const res = await tara.context.request.get(`${demo.url}/api/v1/recordings`)
    const { items } = await res.json()
    const one = items.find((r) => r.roomId === room)
    assert.notEqual(one?.state, 'failed', JSON.stringify(one))
    return one?.state === 'ready' ? one : null
  }, 'a finished recording', 30_000, 200)
}

/** The tracks as files, fetched as the review does: answer by answer of a play. */
async function downloaded(recording) {
  const dir = mkdtempSync(path.join(tmpdir(), 'mentara-e2e-tracks-'))
  const play = await (await tara.context.request.post(`${demo.url}/api/v1/recordings/${recording}/plays`, { headers: { Origin: demo.url } })).json()
  for (const track of play.tracks) {
    const parts = []
    for (let from = 0, size = 1; from < size; from += parts.at(-1).length) {
      const res = await tara.context.request.get(new URL(track.url, demo.url).href, { headers: { Range: `bytes=${from}-` } })
      assert.equal(res.status(), 206)
      size = Number(res.headers()['content-range'].split('/')[1])
      parts.push(await res.body())
    }
    writeFileSync(path.join(dir, `${track.id}.webm`), Buffer.concat(parts))
  }
  return dir
}

test('two people are recorded and watched', async (t) => {
  const room = await meetAnew('Recorded')
  await ask(tara)
  await cleo.page.getByRole('heading', { name: /asks to record this session/ }).waitFor()
  await shot(cleo.page, 'recording-consent')
  assert.deepEqual(await axe(cleo.page), [])
  assert.deepEqual(files(), [], 'nothing on disk before anybody agreed')
  await button(cleo, 'Agree').click()
  await indicator(tara, 'Recording').waitFor()
  await indicator(cleo, 'Recording').waitFor()
  await shot(tara.page, 'recording-live')
  // What the browsers' own devices put between sound and picture, as it is seen
  // live, is in the recording too. Meanwhile what is to be watched happens.
  const together = {}
  for (let n = 0; n < 3; n++) {
    for (const [viewer, person] of [[cleo, 1], [tara, 2]]) {
      const { av } = await viewer.page.evaluate(watch, { starts: {}, seconds: 3 })
      ;(together[person] ??= []).push(av[person])
    }
  }
  for (const person of [1, 2]) together[person] = together[person].sort((a, b) => a - b)[1]
  t.diagnostic(`live: a beep ${JSON.stringify(together)} ms after its picture`)
  await stopRecording(tara)
  const recording = await finished(room)
  assert.ok(recording.durationMs > 18_000, `${recording.durationMs} ms`)
  await leave(cleo)
  await leave(tara)

  await tara.page.addInitScript(tapMedia)
  await tara.page.goto(`${demo.url}/recordings/${recording.id}`)
  await tara.page.getByRole('heading', { level: 1 }).first().waitFor()
  await until(() => tara.page.evaluate(() => window.elements?.filter((e) => e.src).length >= 4), 'four tracks')
  const { tracks } = await (await tara.context.request.get(`${demo.url}/api/v1/recordings/${recording.id}/timeline`)).json()
  const starts = Object.fromEntries(tracks.map((k) => [k.id, k.startMs]))
  for (const at of [0, 5, 10, 15]) {
    await seekTo(tara.page, at)
    await tara.page.keyboard.press('k')
    const seen = await tara.page.evaluate(watch, { starts, seconds: 3 })
    await tara.page.keyboard.press('k')
    t.diagnostic(`at ${at} s: ${JSON.stringify(seen)}`)
    assert.deepEqual(Object.keys(seen.counters).sort(), ['1', '2'], 'both people')
    for (const [person, { frames }] of Object.entries(seen.counters)) assert.ok(frames > 30, `${frames} frames of person ${person}`)
    assert.ok(seen.lanes < 80, `lanes ${seen.lanes} ms apart`)
    for (const [person, ms] of Object.entries(seen.av)) assert.ok(Math.abs(ms - together[person]) < 60, `person ${person}: picture and sound ${ms} ms apart, live ${together[person]}`)
    assert.deepEqual(Object.keys(seen.av).sort(), ['1', '2'], 'both beeps')
  }
  await shot(tara.page, 'recording-review')
  assert.deepEqual(await axe(tara.page), [])

  // The client may not watch, and sees who did.
  const viewers = await (await cleo.context.request.get(`${demo.url}/api/v1/recordings/${recording.id}/viewers`)).json()
  assert.equal(viewers.items[0].identity, personId(demo, 'Tara Therapist'))
  const refused = await cleo.context.request.post(`${demo.url}/api/v1/recordings/${recording.id}/plays`, { headers: { Origin: demo.url } })
  assert.equal(refused.status(), 403)
})

test('who declines is in no file, and the host is asked about it', async () => {
  const room = await meetAnew('Declined')
  await ask(tara)
  await button(cleo, 'Decline').click()
  await button(tara, 'Record without them').click()
  await indicator(tara, 'Recording').waitFor()
  await new Promise((later) => setTimeout(later, 4_000))
  await stopRecording(tara)
  const { id } = await finished(room)
  await leave(cleo)
  await leave(tara)
  const dir = await downloaded(id)
  try {
    const people = new Set(readdirSync(dir).filter((f) => f.endsWith('.webm')).flatMap((f) => peopleIn(path.join(dir, f))))
    assert.deepEqual([...people], [1], 'only Tara in the pictures')
  } finally {
    rmSync(dir, { recursive: true })
  }
})

test('who withdraws is cut at once, and the other is asked whether to go on', async () => {
  const room = await meetAnew('Withdrawn')
  await ask(tara)
  await button(cleo, 'Agree').click()
  await indicator(cleo, 'Recording').waitFor()
  await new Promise((later) => setTimeout(later, 3_000))
  await indicator(cleo, 'Recording').click()
  await button(cleo, 'Stop recording me').click()
  await button(tara, 'Go on').click()
  await indicator(tara, 'Recording').waitFor()
  await new Promise((later) => setTimeout(later, 3_000))
  await stopRecording(tara)
  const { id } = await finished(room)
  await leave(cleo)
  await leave(tara)
  const timeline = await (await tara.context.request.get(`${demo.url}/api/v1/recordings/${id}/timeline`)).json()
  const cut = timeline.consents.find((c) => c.state === 'withdrawn')
  assert.ok(cut, 'the spot is marked')
  for (const track of timeline.tracks.filter((k) => k.person === personId(demo, 'Cleo Client'))) {
    assert.ok(track.startMs + track.durationMs <= cut.atMs + 100, `${track.source} of who withdrew ends ${track.startMs + track.durationMs - cut.atMs} ms after`)
  }
})

/** What the recorder keeps, live or finished. */
function files() {
  const under = (dir) => { try { return readdirSync(path.join(demo.data, 'recordings', dir), { recursive: true, withFileTypes: true }).filter((f) => f.isFile()).map((f) => f.name) } catch { return [] } }
  return [...under('live'), ...under('store')]
}

/** The people whose blocks a video shows; none for sound. */
function peopleIn(file) {
  const kinds = execFileSync('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_type', '-of', 'csv=p=0', file]).toString()
  if (!kinds.includes('video')) return []
  const rows = execFileSync('ffmpeg', ['-v', 'error', '-i', file, '-vf', 'scale=16:1:flags=area,format=gray', '-f', 'rawvideo', '-'], { maxBuffer: 1 << 26 })
  const people = new Set()
  for (let at = 0; at + 16 <= rows.length; at += 16) {
    let person = 0
    for (let b = 0; b < 4; b++) person = (person << 1) | (rows[at + b] > 126 ? 1 : 0)
    people.add(person)
  }
  return [...people]
}

/** Keeps every media element the page makes. Runs in the page. */
function tapMedia() {
  window.elements = []
  const make = Document.prototype.createElement
  Document.prototype.createElement = function (name, ...rest) {
    const element = make.call(this, name, ...rest)
    if (/^(audio|video)$/i.test(name)) window.elements.push(element)
    return element
  }
}

/** Goes to a second by the keys of the review: its beginning, and steps of five. */
async function seekTo(page, at) {
  await page.keyboard.press('Home')
  for (let n = 0; n < at; n += 5) await page.keyboard.press('ArrowRight')
}

/**
 * Looks at and listens to a page, live or a review, and says which counters were
 * seen, how far the lanes were apart (ms, p95), and how far a beep was from the
 * frame it belongs to (ms, median, by person). Runs in the page.
 */
async function watch({ starts, seconds }) {
  const pause = (ms) => new Promise((next) => setTimeout(next, ms))
  const live = window.elements?.filter((e) => e.src.includes('/tracks/')) ?? [...document.querySelectorAll('audio, video')].filter((e) => e.srcObject)
  const startOf = (e) => starts[/tracks\/([^/]+)/.exec(e.src)[1]]
  const shown = []
  const videos = live.filter((e) => e instanceof HTMLVideoElement)
  let done = false
  for (const v of videos) {
    const canvas = new OffscreenCanvas(16, 1)
    const pen = canvas.getContext('2d', { willReadFrequently: true })
    const next = (_, meta) => {
      if (done) return
      pen.drawImage(v, 0, v.videoHeight / 2, v.videoWidth, 1, 0, 0, 16, 1)
      const px = pen.getImageData(0, 0, 16, 1).data
      let word = 0
      for (let b = 0; b < 16; b++) word = (word << 1) | (px[b * 4] > 126 ? 1 : 0)
      shown.push({ person: word >> 12, frame: word & 0xfff, when: meta.expectedDisplayTime })
      v.requestVideoFrameCallback(next)
    }
    v.requestVideoFrameCallback(next)
  }
  window.listening ??= new AudioContext()
  window.taps ??= new Map()
  for (const a of live.filter((e) => e instanceof HTMLAudioElement && !window.taps.has(e))) {
    const tap = window.listening.createAnalyser()
    tap.fftSize = 2048
    if (a.srcObject) window.listening.createMediaStreamSource(a.srcObject).connect(tap)
    else window.listening.createMediaElementSource(a).connect(tap).connect(window.listening.destination)
    window.taps.set(a, tap)
  }
  await window.listening.resume()
  const onsets = []
  const loud = new Map()
  await pause(1000)
  const spread = []
  const end = performance.now() + seconds * 1000
  const samples = new Float32Array(256)
  const spectrum = new Uint8Array(1024)
  while (performance.now() < end) {
    for (const [a, tap] of window.taps) {
      tap.getFloatTimeDomainData(samples)
      const top = samples.reduce((m, s) => Math.max(m, Math.abs(s)), 0)
      const was = loud.get(a) ?? true
      if (!was && top > 0.1) onsets.push({ tap, when: performance.now() })
      loud.set(a, top > (was ? 0.02 : 0.1))
      // Whose it is, by its pitch a little later.
      const newest = onsets.findLast((o) => o.tap === tap)
      if (newest && newest.person === undefined && performance.now() - newest.when > 60) {
        tap.getByteFrequencyData(spectrum)
        const bin = spectrum.indexOf(spectrum.reduce((m, v) => Math.max(m, v), 0))
        newest.person = Math.round(((bin * window.listening.sampleRate) / 2048 - 600) / 200)
      }
    }
    const playing = live.filter((e) => !e.paused && !e.ended && e.readyState > 2)
    const where = playing.filter((e) => e.src).map((e) => e.currentTime * 1000 + startOf(e))
    if (where.length > 1) spread.push(Math.max(...where) - Math.min(...where))
    await pause(4)
  }
  done = true
  const counters = {}
  for (const s of shown) {
    counters[s.person] ??= { frames: 0, from: s.frame }
    counters[s.person].frames++
    counters[s.person].to = s.frame
  }
  const off = {}
  for (const o of onsets.filter((o) => o.person !== undefined)) {
    const near = shown.filter((s) => s.person === o.person).sort((a, b) => Math.abs(a.when - o.when) - Math.abs(b.when - o.when))[0]
    if (!near || Math.abs(near.when - o.when) > 100) continue
    const ms = ((near.frame % 30) * 1000) / 30 + (o.when - near.when)
    ;(off[o.person] ??= []).push(((ms + 500) % 1000) - 500)
  }
  const av = Object.fromEntries(Object.entries(off).map(([p, list]) => [p, Math.round(list.sort((a, b) => a - b)[list.length >> 1])]))
  spread.sort((a, b) => a - b)
  return { counters, lanes: Math.round(spread[Math.floor(spread.length * 0.95)] ?? 1e6), av }
}
