// What every browser test needs: the real program on a free port with a
// furnished practice, and people with their own Chromium, camera and
// microphone.
import { spawn, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, mkdirSync, readFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import readline from 'node:readline'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { openRelay, throughRelay } from './relay.mjs'

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
export const shots = path.join(root, 'web/e2e/out')
const executablePath = process.env.MENTARA_CHROMIUM ?? '/usr/bin/chromium'

mkdirSync(shots, { recursive: true })

async function freePort() {
  const server = net.createServer()
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const { port } = /** @type {net.AddressInfo} */ (server.address())
  await new Promise((done) => server.close(done))
  return port
}

/**
 * Starts `mentara demo` and reads what it prints.
 * @param {string[]} [extra] further flags
 */
export async function startDemo(extra = []) {
  const binary = path.join(root, 'bin/mentara')
  if (!existsSync(binary)) throw new Error('bin/mentara is missing: run make build first')
  const data = mkdtempSync(path.join(tmpdir(), 'mentara-e2e-'))
  const listen = await freePort()
  const mediaPort = await freePort()
  const program = spawn(
    binary,
    ['demo', '--json', '--data', data, '--listen', `127.0.0.1:${listen}`, '--media-port', String(mediaPort), ...extra],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const log = []
  program.stderr.on('data', (b) => {
    log.push(String(b))
    if (process.env.MENTARA_E2E_LOG) process.stderr.write(b)
  })
  const lines = readline.createInterface({ input: program.stdout })
  const demo = await new Promise((resolve, reject) => {
    program.once('exit', (code) => reject(new Error(`mentara demo ended with ${code}:\n${log.join('')}`)))
    lines.once('line', (line) => resolve(JSON.parse(line)))
  })
  return {
    ...demo,
    mediaPort,
    data,
    log: () => log.join(''),
    async stop() {
      const ended = new Promise((done) => program.once('exit', done))
      program.kill('SIGTERM')
      await ended
      rmSync(data, { recursive: true, force: true })
    },
  }
}

const mediaDir = path.join(tmpdir(), 'mentara-fakemedia')

/** Renders a person's camera and microphone once and keeps the files. */
function fakeMedia(person, { width, height, portrait }) {
  const dir = path.join(mediaDir, `${width}x${height}${portrait ? '-portrait' : ''}`)
  const video = path.join(dir, `person-${person}.mjpeg`)
  if (!existsSync(video)) {
    mkdirSync(dir, { recursive: true })
    execFileSync(
      'go',
      ['run', './web/e2e/fakemedia', '-dir', dir, '-person', String(person), '-width', String(width), '-height', String(height), ...(portrait ? ['-portrait'] : [])],
      { cwd: root },
    )
  }
  return { video, audio: path.join(dir, `person-${person}.wav`) }
}

/**
 * One person at one device. `person` is the number burnt into the picture.
 * @param {{
 *   person: number, portrait?: boolean, width?: number, height?: number, phone?: boolean, dark?: boolean,
 *   camera?: boolean, args?: string[], relay?: {port: number}, mediaPort?: number,
 *   viewport?: {width: number, height: number},
 * }} options
 */
export async function openPerson(options) {
  const { person, width = 640, height = 360, phone = false, dark = false, camera = true, portrait = false } = options
  const media = fakeMedia(person, { width, height, portrait })
  const browser = await chromium.launch({
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--autoplay-policy=no-user-gesture-required',
      '--disable-features=WebRtcHideLocalIpsWithMdns',
      ...(camera
        ? [
            '--use-fake-ui-for-media-stream',
            '--use-fake-device-for-media-stream=fps=30',
            `--use-file-for-fake-video-capture=${media.video}`,
            `--use-file-for-fake-audio-capture=${media.audio}`,
          ]
        : []),
      ...(options.args ?? []),
    ],
  })
  const context = await browser.newContext({
    viewport: options.viewport ?? (phone ? { width: 390, height: 844 } : { width: 1440, height: 900 }),
    hasTouch: phone,
    isMobile: phone,
    colorScheme: dark ? 'dark' : 'light',
    permissions: camera ? ['camera', 'microphone'] : [],
    reducedMotion: 'reduce',
  })
  if (options.relay) {
    await context.addInitScript(throughRelay, { from: options.mediaPort, to: options.relay.port })
  }
  const page = await context.newPage()
  const errors = []
  page.on('pageerror', (e) => errors.push(String(e)))
  page.on('console', (m) => {
    if (m.type() === 'error') errors.push(m.text())
  })
  return { browser, context, page, errors, close: () => browser.close() }
}

export { openRelay }

/**
 * Reads person and frame counter from the newest picture of a <video>.
 * @param {import('playwright-core').Locator} video
 * @returns {Promise<{person: number, frame: number, width: number, height: number} | null>} null before the first frame
 */
export function readFrame(video) {
  return video.evaluate((v) => {
    const { videoWidth: width, videoHeight: height } = v
    if (!width || v.readyState < 2) return null
    const canvas = new OffscreenCanvas(width, height)
    const pen = canvas.getContext('2d', { willReadFrequently: true })
    pen.drawImage(v, 0, 0)
    const y = Math.round(height * 0.625)
    let word = 0
    for (let b = 0; b < 16; b++) {
      const [r, g, bl] = pen.getImageData(Math.round((width * (b + 0.5)) / 16), y, 1, 1).data
      word = (word << 1) | ((r + g + bl) / 3 > 126 ? 1 : 0)
    }
    return { person: word >> 12, frame: word & 0xfff, width, height }
  })
}

/**
 * Waits until a video shows the given person with a moving counter.
 * @param {import('playwright-core').Locator} video
 */
export async function seesPerson(video, person, timeout = 40_000) {
  const first = await until(async () => {
    const f = await readFrame(video).catch(() => null)
    return f && f.person === person ? f : null
  }, `a frame of person ${person}`, timeout)
  return until(async () => {
    const f = await readFrame(video)
    return f && f.person === person && f.frame !== first.frame ? f : null
  }, `a second frame of person ${person}`, timeout)
}

/**
 * Listens to what a page plays for one participant and returns the gaps
 * between beeps, in milliseconds.
 * @param {import('playwright-core').Page} page
 * @param {string} selector of the <audio> or <video> that plays it
 */
export function hearBeeps(page, selector, seconds = 5) {
  return page.evaluate(
    async ({ selector, seconds }) => {
      const element = document.querySelector(selector)
      if (!element?.srcObject) throw new Error(`nothing plays at ${selector}`)
      const audio = new AudioContext()
      const tap = audio.createAnalyser()
      tap.fftSize = 1024
      audio.createMediaStreamSource(element.srcObject).connect(tap)
      const samples = new Float32Array(tap.fftSize)
      const onsets = []
      let loud = false
      const end = performance.now() + seconds * 1000
      while (performance.now() < end) {
        tap.getFloatTimeDomainData(samples)
        const level = Math.sqrt(samples.reduce((a, s) => a + s * s, 0) / samples.length)
        if (!loud && level > 0.03) onsets.push(performance.now())
        loud = level > (loud ? 0.01 : 0.03)
        await new Promise((next) => setTimeout(next, 10))
      }
      await audio.close()
      return onsets.slice(1).map((t, i) => t - onsets[i])
    },
    { selector, seconds },
  )
}

/**
 * Asks again and again until the answer is truthy.
 * @template T
 * @param {() => Promise<T>} ask
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(ask, what, timeout = 30_000, every = 50) {
  const end = Date.now() + timeout
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (Date.now() > end) throw new Error(`waited ${timeout} ms for ${what}`)
    await new Promise((next) => setTimeout(next, every))
  }
}

/** Runs axe on a page; returns the violations as lines of text. */
export async function axe(page) {
  // Through the debugger: the page's own policy forbids foreign scripts.
  await page.evaluate(readFileSync(path.join(root, 'web/node_modules/axe-core/axe.min.js'), 'utf8'))
  return page.evaluate(async () => {
    const { violations } = await window.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    })
    return violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')} — ${v.help}`))
  })
}

/** Saves a picture under web/e2e/out for a person to look at. */
export function shot(page, name) {
  return page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: false })
}
