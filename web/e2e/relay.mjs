// A user-space network between a browser and the server: UDP and TCP on one
// port, forwarded to another. A test can cut it, or block UDP alone, without
// root and without touching the kernel.
import dgram from 'node:dgram'
import net from 'node:net'

/**
 * Forward 127.0.0.1:<returned port> to 127.0.0.1:<target>, UDP and TCP.
 * @param {number} target
 */
export async function openRelay(target) {
  const state = { cut: false, udp: true }
  /** @type {Map<string, dgram.Socket>} */
  const flows = new Map()
  /** @type {Set<net.Socket>} */
  const sockets = new Set()
  const counts = { udp: 0, tcp: 0 }

  const front = dgram.createSocket('udp4')
  front.on('message', (packet, from) => {
    if (state.cut || !state.udp) return
    const key = `${from.address}:${from.port}`
    let flow = flows.get(key)
    if (!flow) {
      flow = dgram.createSocket('udp4')
      flow.on('message', (answer) => {
        if (!state.cut && state.udp) front.send(answer, from.port, from.address)
      })
      flow.on('error', () => {})
      flows.set(key, flow)
    }
    counts.udp++
    flow.send(packet, target, '127.0.0.1')
  })

  const tcp = net.createServer((inner) => {
    const outer = net.connect(target, '127.0.0.1')
    for (const [a, b] of [[inner, outer], [outer, inner]]) {
      sockets.add(a)
      a.setNoDelay(true)
      a.on('data', (bytes) => {
        counts.tcp += bytes.length
        b.write(bytes)
      })
      a.on('error', () => {})
      a.on('close', () => {
        sockets.delete(a)
        b.destroy()
      })
      if (state.cut) a.pause()
    }
  })

  // One number for both, as the server itself does it.
  const port = await new Promise((resolve, reject) => {
    tcp.once('error', reject)
    tcp.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {net.AddressInfo} */ (tcp.address())
      front.once('error', reject)
      front.bind(port, '127.0.0.1', () => resolve(port))
    })
  })

  return {
    port,
    counts,
    /** Nothing passes, in either direction; TCP waits as it would for a dead link. */
    cut() {
      state.cut = true
      for (const s of sockets) s.pause()
    },
    restore() {
      state.cut = false
      for (const s of sockets) s.resume()
    },
    blockUdp() {
      state.udp = false
    },
    async close() {
      for (const s of sockets) s.destroy()
      for (const f of flows.values()) f.close()
      front.close()
      await new Promise((done) => tcp.close(done))
    },
  }
}

/**
 * Makes every RTCPeerConnection of a page reach the server's media port only
 * through a relay: the answer's candidates are moved to the relay's port, and
 * the browser's own are withheld so that the server cannot go around it.
 * Runs in the page before its scripts.
 * @param {{from: number, to: number}} ports
 */
export function throughRelay({ from, to }) {
  const Native = window.RTCPeerConnection
  const withoutCandidates = (sdp) => sdp.replace(/^a=candidate:.*\r?\n/gm, '')
  window.RTCPeerConnection = class extends Native {
    get localDescription() {
      const d = super.localDescription
      return d && { type: d.type, sdp: withoutCandidates(d.sdp), toJSON: () => ({ type: d.type, sdp: withoutCandidates(d.sdp) }) }
    }
    setRemoteDescription(d) {
      const moved = d.sdp?.replace(/^(a=candidate:.*) (\d+) (typ .*)$/gm, (line, head, port, tail) =>
        Number(port) === from ? `${head} ${to} ${tail}` : line,
      )
      return super.setRemoteDescription({ type: d.type, sdp: moved })
    }
    addIceCandidate(c) {
      if (c?.candidate) {
        const moved = c.candidate.replace(` ${from} typ `, ` ${to} typ `)
        return super.addIceCandidate({ ...(c.toJSON?.() ?? c), candidate: moved })
      }
      return super.addIceCandidate(c)
    }
    set onicecandidate(fn) {
      super.onicecandidate = fn && ((e) => (e.candidate ? undefined : fn(e)))
    }
    addEventListener(type, fn, options) {
      if (type !== 'icecandidate') return super.addEventListener(type, fn, options)
      return super.addEventListener(type, (e) => (e.candidate ? undefined : fn(e)), options)
    }
  }
}
