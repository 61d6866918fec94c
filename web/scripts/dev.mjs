// make dev: the demo practice behind Vite. Saving a web file reloads the page;
// saving a Go file rebuilds and restarts the program.
import { spawn } from 'node:child_process'
import { watch } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const data = path.join(root, '.tmp/dev')
const inherit = { cwd: root, stdio: 'inherit' }

let program
let building = false
let again = false

async function restart() {
  if (building) {
    again = true
    return
  }
  building = true
  const built = await new Promise((done) => spawn('go', ['build', '-o', 'bin/mentara-dev', './cmd/mentara'], inherit).once('exit', done))
  if (built === 0) {
    if (program?.exitCode === null) {
      const ended = new Promise((done) => program.once('exit', done))
      program.kill('SIGTERM')
      await ended
    }
    // Sign-in links point at Vite, which passes /api on to the program.
    program = spawn('bin/mentara-dev', ['demo', '--data', data, '--public-url', 'http://localhost:5173'], inherit)
  }
  building = false
  if (again) {
    again = false
    restart()
  }
}

let timer
for (const dir of ['cmd', 'sfu', 'signaling', 'api', 'recording', 'internal', 'configs']) {
  try {
    watch(path.join(root, dir), { recursive: true }, (_, file) => {
      if (!file || !/\.(go|sql|yaml)$/.test(file) || file.endsWith('_test.go')) return
      clearTimeout(timer)
      timer = setTimeout(restart, 200)
    })
  } catch (e) {
    if (e.code !== 'ENOENT') throw e
  }
}

const vite = spawn('npx', ['vite', '--port', '5173', '--strictPort'], { cwd: path.join(root, 'web'), stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    program?.kill('SIGTERM')
    vite.kill('SIGTERM')
    process.exit(0)
  })
}
await restart()
