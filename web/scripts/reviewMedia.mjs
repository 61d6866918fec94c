// The files of the furnished recording (mockReview.mjs), made once by ffmpeg
// from the sitters of e2e/fakemedia, kept in the temporary directory and served
// with ranges.
import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { reviewTracks } from './mockReview.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dir = path.join(tmpdir(), 'mentara-review-media');
const most = 1 << 20;
const sitters = { T1: 1, C3: 2, C4: 3 };

function make(track) {
  const file = path.join(dir, `${track.id}.webm`);
  if (existsSync(file)) return;
  const seconds = String(track.durationMs / 1000);
  const half = `${file}.half.webm`;
  const ffmpeg = (...args) => execFileSync('ffmpeg', ['-v', 'error', '-y', ...args, '-t', seconds, half]);
  if (track.kind === 'audio') {
    ffmpeg('-f', 'lavfi', '-i', `sine=frequency=180:sample_rate=48000:duration=${seconds}`, '-af', 'volume=0.02', '-c:a', 'libopus', '-b:a', '24k');
  } else if (track.source === 'screen') {
    ffmpeg('-f', 'lavfi', '-i', `color=0xfbf9f6:s=1280x720:r=5:d=${seconds}`, '-vf',
      'drawbox=140:170:420:380:0x2d7561:6,drawbox=720:170:420:380:0xcc713a:6,drawbox=560:330:160:8:0x24201c:fill,drawbox=300:300:100:100:0x2d7561:fill,drawbox=880:300:100:100:0xcc713a:fill',
      '-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '300k', '-g', '10');
  } else {
    const person = sitters[track.person];
    const picture = path.join(dir, `person-${person}.mjpeg`);
    if (!existsSync(picture)) {
      execFileSync('go', ['run', './web/e2e/fakemedia', '-dir', dir, '-person', String(person), '-width', '640', '-height', '360', '-portrait'], { cwd: root });
    }
    ffmpeg('-stream_loop', '-1', '-r', '10', '-f', 'mjpeg', '-i', picture, '-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '16', '-b:v', '150k', '-g', '20');
  }
  renameSync(half, file);
}

/** Makes what is missing; `send` answers one request for a track. */
export function reviewMedia() {
  mkdirSync(dir, { recursive: true });
  reviewTracks.forEach(make);
  return {
    send(id, request, response) {
      const file = path.join(dir, `${id}.webm`);
      if (!existsSync(file)) return response.writeHead(404).end();
      const { size } = statSync(file);
      const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
      const from = Number(first ?? 0);
      // No more at once than a connection should be held for: a browser has six
      // of them to a server, and a full buffer stops reading.
      const to = Math.min(last ? Number(last) : size - 1, from + most - 1, size - 1);
      if (from >= size) return response.writeHead(416, { 'Content-Range': `bytes */${size}` }).end();
      response.writeHead(first === undefined ? 200 : 206, {
        'Content-Type': 'video/webm', 'Accept-Ranges': 'bytes', 'Cache-Control': 'no-store', 'Content-Length': to - from + 1,
        ...(first === undefined ? {} : { 'Content-Range': `bytes ${from}-${to}/${size}` }),
      });
      return createReadStream(file, { start: from, end: to }).pipe(response);
    },
  };
}
