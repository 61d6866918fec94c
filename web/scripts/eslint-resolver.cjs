// Lets eslint-plugin-import follow our imports: '@/…' is src/…, and a path
// without an extension is TypeScript. Packages and CSS are none of its business.
const fs = require('node:fs');
const path = require('node:path');

const src = path.resolve(__dirname, '../src');
const endings = ['', '.ts', '.tsx', '/index.ts', '/index.tsx'];

exports.interfaceVersion = 2;
exports.resolve = (source, file) => {
  const base = source.startsWith('@/') ? path.join(src, source.slice(2)) : source.startsWith('.') ? path.resolve(path.dirname(file), source) : null;
  if (!base) return { found: true, path: null };
  const found = endings.map((end) => base + end).find((p) => fs.statSync(p, { throwIfNoEntry: false })?.isFile());
  return found ? { found: true, path: found } : { found: false };
};
