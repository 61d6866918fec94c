import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { defineConfig, type Plugin } from 'vite';
import { blurAssets } from './scripts/blurAssets.ts';
import { configDefaults, defineConfig as defineTestConfig } from 'vitest/config';

const compressible = /\.(html|js|css|svg|json|webmanifest|txt)$/;
const smallest = 1024; // bytes; below this the headers weigh more than is won

/**
 * Writes a .gz beside each file worth it, so the server sends a file instead
 * of compressing the same bytes for every visitor.
 */
function gzipSiblings(): Plugin {
  let dir = '';
  return {
    name: 'mentara:gzip',
    apply: 'build',
    configResolved(config) {
      dir = path.resolve(config.root, config.build.outDir);
    },
    async closeBundle() {
      const squeeze = promisify(gzip);
      const names = await readdir(dir, { recursive: true }).catch(() => [] as string[]);
      for (const name of names) {
        if (!compressible.test(name)) continue;
        const file = path.join(dir, name);
        const body = await readFile(file);
        if (body.byteLength < smallest) continue;
        await writeFile(`${file}.gz`, await squeeze(body, { level: constants.Z_BEST_COMPRESSION }));
      }
    },
  };
}

/** emptyOutDir removes the committed .gitkeep that go:embed needs; put it back. */
function keepPlaceholder(): Plugin {
  let dir = '';
  return {
    name: 'mentara:gitkeep',
    apply: 'build',
    configResolved(config) {
      dir = path.resolve(config.root, config.build.outDir);
    },
    async closeBundle() {
      await writeFile(path.join(dir, '.gitkeep'), '');
    },
  };
}

/** Notes which chunk needs which, for scripts/size.mjs; beside dist, so it is never served. */
function noteChunks(): Plugin {
  return {
    name: 'mentara:chunks',
    apply: 'build',
    async writeBundle(output, bundle) {
      const chunks = Object.values(bundle).flatMap((chunk) =>
        chunk.type === 'chunk'
          ? {
              file: chunk.fileName,
              source: chunk.facadeModuleId && path.relative(import.meta.dirname, chunk.facadeModuleId),
              entry: chunk.isEntry,
              imports: chunk.imports,
              css: [...(chunk.viteMetadata?.importedCss ?? [])],
            }
          : [],
      );
      await writeFile(path.join(import.meta.dirname, '.chunks.json'), JSON.stringify({ dir: output.dir, chunks }, null, 1));
    },
  };
}

const server = process.env.MENTARA_DEV_SERVER ?? 'http://127.0.0.1:8080';

export default defineConfig({
  ...defineTestConfig({
    test: {
      environment: 'happy-dom',
      setupFiles: ['./vitest.setup.ts'],
      exclude: [...configDefaults.exclude, 'e2e/**', 'dist/**'],
      css: false,
      testTimeout: 30_000,
      restoreMocks: true,
      unstubGlobals: true,
    },
  }),
  plugins: [react(), blurAssets(), noteChunks(), gzipSiblings(), keepPlaceholder()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: ['chrome111', 'firefox114', 'safari16.4'],
    sourcemap: false,
    assetsInlineLimit: 0, // data: URLs are not allowed by the policy
    chunkSizeWarningLimit: 400,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules[\\/](react|react-dom|scheduler|react-router)[\\/]/, priority: 30 },
            { name: 'query', test: /node_modules[\\/]@tanstack[\\/]/, priority: 20 },
            { name: 'i18n', test: /node_modules[\\/](i18next|react-i18next)[\\/]/, priority: 20 },
          ],
        },
      },
    },
  },
  server: {
    port: 5173,
    proxy: {
      '/api': { target: server, ws: true, changeOrigin: false },
      '/healthz': server,
      '/readyz': server,
    },
  },
});
