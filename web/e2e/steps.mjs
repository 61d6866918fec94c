// The steps of a session in the words of its people. Everything is found by
// role and label, as they find it.
import assert from 'node:assert/strict'
import { request } from 'playwright-core'
import { readFrame, seesPerson, until } from './harness.mjs'

/** Opens a demo person's one-click link, which works once. */
export async function openLink(demo, who, name) {
  await who.page.goto(demo.people.find((p) => p.name === name).link)
  await who.page.getByRole('heading', { level: 1 }).first().waitFor()
  await who.page.waitForURL((url) => url.pathname === '/')
}

/** Signs in with the demo's password, without a page. */
export async function signIn(demo, who, email) {
  await post(who.context.request, demo, '/api/v1/sign-in', { email, password: demo.password }, 200)
}

export const personId = (demo, name) => demo.people.find((p) => p.name === name).id

/** A new session that begins now; returns its id. */
export async function createRoom(demo, hostEmail, plan) {
  const api = await request.newContext()
  try {
    await post(api, demo, '/api/v1/sign-in', { email: hostEmail, password: demo.password }, 200)
    return (await post(api, demo, '/api/v1/rooms', { title: 'Session', kind: 'individual', ...plan }, 201)).id
  } finally {
    await api.dispose()
  }
}

/** Ends a session, so that nobody keeps a seat in it: a closed browser's lasts half a minute, and one has four. */
export async function endRoom(demo, host, room) {
  const res = await host.context.request.post(`${demo.url}/api/v1/rooms/${room}/end`, { headers: { Origin: demo.url } })
  assert.ok(res.ok(), `end: ${await res.text()}`)
}

async function post(api, demo, path, data, status) {
  const res = await api.post(demo.url + path, { headers: { Origin: demo.url }, data })
  assert.equal(res.status(), status, `${path}: ${await res.text()}`)
  return res.json()
}

/** Goes to the lobby of a session and presses Join. */
export async function join(demo, who, room = demo.room) {
  await who.page.goto(`${demo.url}/rooms/${room}`)
  await who.page.getByRole('button', { name: 'Join now' }).click()
}

export const stage = (who) => who.page.getByRole('region', { name: 'Video session' })

export const inWaitingRoom = (who) => who.page.getByRole('heading', { name: 'You are in the waiting room' }).waitFor()

export const inSession = (who) => who.page.getByRole('button', { name: /^Leave/ }).first().waitFor()

/** The host lets a waiting person in. */
export async function admit(host, name) {
  await host.page.getByRole('button', { name: `Let in ${name}` }).first().click()
}

/** The tile of somebody else's camera or screen. */
export const tile = (who, source = 'camera') => who.page.locator(`[data-source="${source}"][data-participant]:not([data-self]):not(audio)`)

export const video = (who, source = 'camera') => tile(who, source).locator('video')

export const audio = (source = 'microphone') => `audio[data-source="${source}"]`

/** Two people who see and hear each other, the second let in by the first. */
export async function meet(demo, tara, cleo) {
  await signIn(demo, tara, 'tara@example.org')
  await signIn(demo, cleo, 'cleo@example.org')
  await join(demo, tara)
  await inSession(tara)
  await join(demo, cleo)
  await inWaitingRoom(cleo)
  await admit(tara, 'Cleo Client')
  await inSession(cleo)
  await seesPerson(video(tara), 2)
  await seesPerson(video(cleo), 1)
}

/** Waits until a picture stands still, that is, shows one frame for `ms`. */
export function standsStill(locator, ms = 1500) {
  let last = -1
  let since = Date.now()
  return until(async () => {
    const f = await readFrame(locator).catch(() => null)
    if (f && f.frame !== last) {
      last = f.frame
      since = Date.now()
    }
    return Date.now() - since >= ms
  }, 'a picture that stands still', 20_000)
}

/** What the page's one peer connection reports; the page must run withStats. */
export function stats(who, type) {
  return who.page.evaluate(async (type) => {
    const out = []
    for (const pc of window.peers.filter((p) => p.connectionState !== 'closed')) {
      for (const s of (await pc.getStats()).values()) if (s.type === type) out.push(s)
    }
    return out
  }, type)
}

/** Lets a test ask a page's peer connections for statistics. */
export function withStats(who) {
  return who.context.addInitScript(() => {
    window.peers = []
    const Native = window.RTCPeerConnection
    window.RTCPeerConnection = class extends Native {
      constructor(...args) {
        super(...args)
        window.peers.push(this)
      }
    }
  })
}

/**
 * A screen for headless browsers, which have none: a canvas with the burnt-in
 * blocks of `person`, and a beep twice a second. Runs in the page.
 */
export function fakeScreen(person) {
  navigator.mediaDevices.getDisplayMedia = async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 720 })
    const pen = canvas.getContext('2d')
    let frame = 0
    setInterval(() => {
      const word = (person << 12) | frame++ % 4096
      for (let b = 0; b < 16; b++) {
        pen.fillStyle = (word >> (15 - b)) & 1 ? '#ebebeb' : '#101010'
        pen.fillRect((b * 1280) / 16, 0, 80, 720)
      }
    }, 100)
    const audio = new AudioContext()
    const tone = audio.createOscillator()
    const gate = audio.createGain()
    const out = audio.createMediaStreamDestination()
    gate.gain.value = 0
    tone.connect(gate).connect(out)
    tone.start()
    for (let i = 0; i < 240; i++) {
      gate.gain.setValueAtTime(0.4, audio.currentTime + i / 2)
      gate.gain.setValueAtTime(0, audio.currentTime + i / 2 + 0.12)
    }
    return new MediaStream([...canvas.captureStream(10).getTracks(), ...out.stream.getTracks()])
  }
}
