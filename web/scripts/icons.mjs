// Draws the PNG icons from public/favicon.svg with Chromium. Run after changing
// the mark: node scripts/icons.mjs
import { readFile } from 'node:fs/promises';
import { chromium } from 'playwright-core';

const dir = new URL('../public/', import.meta.url);
const mark = await readFile(new URL('favicon.svg', dir), 'utf8');
// A maskable icon bleeds to the edge and keeps its drawing in the middle 80 %.
const full = mark.replace('rx="10"', '').replace('viewBox="0 0 32 32"', 'viewBox="-2 -2 36 36"').replace('<rect width="32" height="32"', '<rect x="-2" y="-2" width="36" height="36"');

const browser = await chromium.launch({ executablePath: process.env.MENTARA_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  for (const [file, size, svg] of [
    ['icon-192.png', 192, mark],
    ['icon-512.png', 512, mark],
    ['icon-maskable-512.png', 512, full],
    ['apple-touch-icon.png', 180, full],
  ]) {
    const page = await browser.newPage({ viewport: { width: size, height: size } });
    await page.setContent(`<style>*{margin:0}svg{display:block;width:100vw;height:100vh}</style>${svg}`);
    await page.screenshot({ path: new URL(file, dir).pathname, omitBackground: true });
    await page.close();
  }
} finally {
  await browser.close();
}
