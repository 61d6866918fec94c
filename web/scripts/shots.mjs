// Photographs every page of the built app, phone and desk, light and dark, with
// scripts/mock.mjs as its server, and runs axe on each. Pictures go to shots/.
//   npm run build && node scripts/shots.mjs [name…]
import { createServer } from 'node:http';
import { mkdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { answer, meOf, moment } from './mock.mjs';
import { reviewMedia } from './reviewMedia.mjs';
import { serveCall } from './mockCall.mjs';

const dist = process.env.MENTARA_WEB_DIST ? pathToFileURL(`${process.env.MENTARA_WEB_DIST}/`) : new URL('../dist/', import.meta.url);
const out = new URL('../shots/', import.meta.url);
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png', '.webmanifest': 'application/manifest+json' };

const tab = (name) => async (page) => page.getByRole('tab', { name }).click();
const drawer = (id) => ({ path: `/recordings?open=${id}`, tall: true, act: (page) => page.getByRole('dialog').waitFor() });
const call = (me, recording, act) => ({ path: '/rooms/R1', me, call: { recording }, async act(page) {
  await page.getByRole('button', { name: 'Join now' }).click();
  await page.getByRole('button', { name: /^Leave/ }).first().waitFor();
  await page.clock.runFor(1_000);
  await act?.(page);
} });
const open = (name) => async (page) => page.getByRole('button', { name }).first().click();
const scenes = [
  { name: 'sign-in', path: '/sign-in' },
  { name: 'sign-in-wrong', path: '/sign-in', async act(page) {
    await page.getByLabel('Email').fill('ruth@example.org');
    await page.getByRole('textbox', { name: 'Password' }).fill('not this one');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
  } },
  { name: 'link-used', path: '/link#token=USED' },
  { name: 'setup', path: '/setup#token=FIRST' },
  { name: 'invitation', path: '/invitation#token=GOOD' },
  { name: 'invitation-expired', path: '/invitation#token=EXPIRED' },
  { name: 'guest', path: '/guest#token=GOOD' },
  { name: 'today-therapist', path: '/', me: 'T1' },
  { name: 'today-client', path: '/', me: 'C1' },
  { name: 'today-admin', path: '/', me: 'A1' },
  { name: 'today-empty-staff', path: '/', me: 'T2', empty: true },
  { name: 'today-empty-client', path: '/', me: 'C1', empty: true },
  { name: 'plan', path: '/', me: 'T1', act: open('Plan a session') },
  { name: 'guest-link', path: '/', me: 'T1', act: open('Guest link') },
  { name: 'sessions', path: '/sessions', me: 'T1' },
  { name: 'sessions-past', path: '/sessions?show=past', me: 'T1', act: open('Attendance') },
  { name: 'recordings', path: '/recordings', me: 'T1' },
  { name: 'recordings-client', path: '/recordings', me: 'C1' },
  { name: 'recordings-admin', path: '/recordings', me: 'A1' },
  { name: 'recordings-empty', path: '/recordings', me: 'C1', empty: true },
  { name: 'recordings-broken', path: '/recordings', me: 'T1', broken: true },
  { name: 'recording-open', me: 'T1', ...drawer('REC2') },
  { name: 'recording-own', me: 'C1', ...drawer('REC2') },
  { name: 'recording-held', me: 'A1', ...drawer('REC3') },
  { name: 'recording-erased', me: 'A1', ...drawer('REC6') },
  { name: 'recording-share', me: 'T1', ...drawer('REC2'), async act(page) {
    await page.getByRole('button', { name: 'Share', exact: true }).click();
    await page.getByRole('form', { name: 'Share' }).getByRole('button', { name: 'Share' }).click();
    await page.getByText('Please choose somebody.').scrollIntoViewIfNeeded();
  } },
  { name: 'recording-erasing', me: 'A1', ...drawer('REC2'), async act(page) {
    await page.getByRole('button', { name: 'Erase this recording' }).click();
    await page.getByLabel('Why is it erased?').fill('Asked for by the client.');
    await page.getByRole('button', { name: 'Erase', exact: true }).click();
    await page.getByText('Will be erased in').first().scrollIntoViewIfNeeded();
  } },
  { name: 'call-lobby', path: '/rooms/R1', me: 'C1', call: { recording: 'running' } },
  { name: 'call-ask', ...call('C1', 'asked') },
  { name: 'call-later', ...call('C1', 'asked', open('Talk first, answer later')) },
  { name: 'call-late', ...call('C1', 'late') },
  { name: 'call-on', ...call('C1', 'goOn') },
  { name: 'call-start', ...call('T1', undefined, async (page) => {
    if (page.viewportSize().width < 500) {
      await page.getByRole('button', { name: 'More', exact: true }).click();
      await page.getByRole('menuitem', { name: 'Record this session' }).click();
    } else await page.getByRole('button', { name: 'Record this session' }).click();
    await page.getByLabel('Something else').check();
  }) },
  { name: 'call-waiting', ...call('T1', 'waiting') },
  { name: 'call-without', ...call('T1', 'without') },
  { name: 'call-running', ...call('C1', 'running') },
  { name: 'call-details', ...call('T1', 'running', open(/Show who is recorded/)) },
  { name: 'call-people', ...call('T1', 'running', open(/^People/)) },
  { name: 'call-bookmark', ...call('T1', 'running', (page) => page.keyboard.press('b')) },
  { name: 'call-withdraw', ...call('C1', 'running', async (page) => {
    await page.getByRole('button', { name: /Show who is recorded/ }).click();
    await page.getByRole('button', { name: 'Stop recording me' }).click();
  }) },
  { name: 'call-low', ...call('C1', 'low') },
  { name: 'call-saved', ...call('C1', 'saved') },
  { name: 'retention-effect', path: '/settings/retention', me: 'A1', async act(page) {
    await page.getByLabel('Group session').fill('14');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Save all the same' }).waitFor();
  } },
  { name: 'retention', path: '/settings/retention', me: 'A1' },
  { name: 'people', path: '/people', me: 'A1' },
  { name: 'people-therapist', path: '/people', me: 'T1' },
  { name: 'person', path: '/people', me: 'A1', act: open('Manage Mira') },
  { name: 'invite', path: '/people', me: 'A1', act: open('Invite somebody') },
  { name: 'account', path: '/account', me: 'T1' },
  { name: 'review', path: '/recordings/REC1?t=258', me: 'T1' },
  { name: 'review-screen', path: '/recordings/REC1?t=430', me: 'T1', act: tab('Session note') },
  { name: 'review-signed', path: '/recordings/RECSIGNED?t=160', me: 'T1', act: tab('Session note') },
  { name: 'review-transcript', path: '/recordings/REC1?t=190', me: 'T1', async act(page) {
    await tab('Transcript')(page);
    await page.getByRole('searchbox').fill('kitchen');
    await page.clock.runFor(500);
  } },
  { name: 'review-figures', path: '/recordings/REC1?t=320', me: 'T1', act: tab('Figures') },
  { name: 'review-details', path: '/recordings/RECLOST?t=215', me: 'T1', act: tab('Details') },
  { name: 'review-share', path: '/recordings/RECSHARE?t=170', me: 'T2' },
  { name: 'review-sharing', path: '/recordings/REC1?t=150', me: 'T1', act: open('Share') },
  { name: 'review-own', path: '/recordings/RECOWN', me: 'C3' },
  { name: 'review-absent', path: '/recordings/NONE', me: 'T1' },
  { name: 'not-found', path: '/nowhere', me: 'T1' },
  { name: 'broken', path: '/', me: 'T1', broken: true },
];
const sizes = { phone: { width: 390, height: 844, deviceScaleFactor: 2, hasTouch: true, isMobile: true }, desk: { width: 1440, height: 900, deviceScaleFactor: 1 } };

await mkdir(out, { recursive: true });
const wanted = process.argv.slice(2);
const chosen = scenes.filter((scene) => wanted.length === 0 || wanted.some((w) => scene.name.includes(w)));
const media = chosen.some((scene) => scene.name.startsWith('review')) ? reviewMedia() : null;

/** All that was asked for has come; of a recording, the pictures that are shown. */
async function settle(page, scene) {
  if (!scene.name.startsWith('review')) return page.waitForLoadState('networkidle');
  await page.waitForTimeout(600);
  await page.waitForFunction(() => [...document.querySelectorAll('video')].every((v) => !v.getAttribute('src') || v.readyState >= 2));
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://local');
  if (/\/tracks\/\w+\/media$/.test(url.pathname)) return media.send(/tracks\/(\w+)/.exec(url.pathname)[1], request, response);
  if (url.pathname.startsWith('/api/')) {
    const me = /me=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
    const flags = request.headers.cookie ?? '';
    let { status, body } = answer(me ? meOf(me) : null, request.method, url.pathname, url.searchParams);
    if (flags.includes('empty=1') && /\/(rooms|recordings)$/.test(url.pathname)) body = { items: [] };
    if (flags.includes('broken=1') && /\/(rooms|recordings)$/.test(url.pathname)) {
      status = 500;
      body = { status, code: 'internal', detail: 'internal error', title: '', type: '', requestId: '01JD8C4W7Q' };
    }
    response.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json' });
    response.end(body === undefined ? '' : JSON.stringify(body));
    return;
  }
  const name = extname(url.pathname) ? url.pathname.slice(1) : 'index.html';
  try {
    const file = await readFile(new URL(name, dist));
    response.writeHead(200, { 'Content-Type': types[extname(name)] ?? 'application/octet-stream' });
    response.end(file);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const origin = `http://127.0.0.1:${server.address().port}`;

const browser = await chromium.launch({ executablePath: process.env.MENTARA_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'] });
let faults = 0;
try {
  for (const [device, { width, height, ...look }] of Object.entries(sizes)) {
    for (const colorScheme of ['light', 'dark']) {
      for (const scene of chosen) {
        const context = await browser.newContext({ viewport: { width, height: scene.tall ? 2600 : height }, permissions: scene.call ? ['camera', 'microphone'] : [], ...look, colorScheme, locale: 'en-GB', timezoneId: 'Europe/Berlin', reducedMotion: 'reduce' });
        const cookies = { me: scene.me, empty: scene.empty && '1', broken: scene.broken && '1' };
        await context.addCookies(Object.entries(cookies).filter(([, v]) => v).map(([name, value]) => ({ name, value, url: origin })));
        const page = await context.newPage();
        page.setDefaultTimeout(8_000);
        await page.clock.install({ time: moment });
        if (scene.call) await page.routeWebSocket(/\/api\/v1\/socket/, (socket) => serveCall(socket, scene.me, scene.call.recording));
        page.on('pageerror', (error) => { faults += 1; console.log(`${scene.name}: ${error.message}`); });
        page.on('console', (message) => {
          if (message.type() === 'error' && !/status of (4|5)|WebSocket/.test(message.text())) { faults += 1; console.log(`${scene.name}: ${message.text()}`); }
        });
        const name = `${scene.name}-${device}-${colorScheme}`;
        try {
          await page.goto(origin + scene.path);
          await page.getByRole('heading', { level: 1 }).first().waitFor();
          await settle(page, scene);
          if (scene.broken) await page.clock.runFor(20_000);
          if (scene.act) await scene.act(page);
          await page.clock.runFor(300);
          await settle(page, scene);
          await page.clock.runFor(300);
          await settle(page, scene); // what the last timers brought in measures itself
          await page.clock.runFor(100);
          if (device === 'desk') {
            // The shell scrolls inside; let it grow so that the picture shows all.
            await page.addStyleTag({ content: '[class*="shell"]{max-height:none!important}' });
          }
          await page.screenshot({ path: new URL(`${name}.png`, out).pathname, fullPage: !scene.act || scene.name === 'sessions-past' });
          await page.addScriptTag({ content: axe });
          const found = await page.evaluate(() => axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
          for (const violation of found.violations) {
            faults += 1;
            console.log(`${name}: ${violation.id}: ${violation.help}`);
            for (const node of violation.nodes.slice(0, 3)) console.log(`   ${node.target.join(' ')}  ${node.failureSummary?.split('\n')[1] ?? ''}`);
          }
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          if (wide > 0) { faults += 1; console.log(`${name}: scrolls sideways by ${wide} px`); }
        } catch (error) {
          faults += 1;
          console.log(`${name}: ${error.message.split('\n')[0]}`);
          await page.screenshot({ path: new URL(`${name}.png`, out).pathname });
        }
        await context.close();
      }
    }
  }
} finally {
  await browser.close();
  server.close();
}
console.log(faults === 0 ? 'no faults' : `${faults} faults`);
process.exitCode = faults === 0 ? 0 : 1;
