// Weighs what a browser must fetch before a page stands, gzipped, and fails
// over budget. Run after `npm run build`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const { dir, chunks } = JSON.parse(readFileSync(new URL('../.chunks.json', import.meta.url), 'utf8'));
const kB = 1000;

// By route: the modules it loads besides the entry, and its budget in bytes.
const routes = [
  { route: '/sign-in', budget: 200 * kB, sources: ['src/pages/SignInPage.tsx', 'src/i18n/en/auth.ts'] },
  { route: '/', budget: 200 * kB, sources: ['src/app/Shell.tsx', 'src/pages/TodayPage.tsx', 'src/i18n/en/sessions.ts'] },
  { route: '/rooms/…', budget: 300 * kB, sources: ['src/pages/MeetingPage.tsx', 'src/i18n/en/video.ts', 'src/i18n/en/precall.ts', 'src/i18n/en/recording.ts'] },
  { route: '/recordings/…', budget: 250 * kB, sources: ['src/pages/RecordingReview.tsx', 'src/i18n/en/review.ts'] },
];

const byFile = new Map(chunks.map((chunk) => [chunk.file, chunk]));
const weights = new Map();
function weigh(file) {
  if (!weights.has(file)) weights.set(file, gzipSync(readFileSync(join(dir, file)), { level: 9 }).byteLength);
  return weights.get(file);
}

let over = false;
for (const { route, budget, sources } of routes) {
  const needed = new Set();
  const visit = (file) => {
    const chunk = byFile.get(file);
    if (!chunk || needed.has(file)) return;
    needed.add(file);
    for (const css of chunk.css) needed.add(css);
    chunk.imports.forEach(visit);
  };
  chunks.filter((chunk) => chunk.entry).forEach((chunk) => visit(chunk.file));
  for (const source of sources) {
    const chunk = chunks.find((c) => c.source === source);
    if (!chunk) throw new Error(`${source} has no chunk of its own any more; correct the list in scripts/size.mjs`);
    visit(chunk.file);
  }
  const files = [...needed].map((file) => ({ file, size: weigh(file) })).sort((a, b) => b.size - a.size);
  const total = files.reduce((sum, f) => sum + f.size, 0);
  const css = files.filter((f) => f.file.endsWith('.css')).reduce((sum, f) => sum + f.size, 0);
  const verdict = total > budget ? 'OVER' : 'ok';
  console.log(`${route.padEnd(10)} ${(total / kB).toFixed(1).padStart(6)} kB of ${budget / kB} (css ${(css / kB).toFixed(1)}) ${verdict}`);
  if (total > budget || process.argv.includes('--files')) for (const f of files.slice(0, 12)) console.log(`    ${(f.size / kB).toFixed(1).padStart(6)}  ${f.file}`);
  if (total > budget) over = true;
}
process.exitCode = over ? 1 : 0;
