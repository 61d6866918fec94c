import { createReadStream, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { type Plugin } from 'vite';

/**
 * What background blur needs: the library, one model, and the WebAssembly for
 * processors with SIMD, which every browser that can hold a call has.
 */
const files = [
  'selfie_segmentation.js',
  'selfie_segmentation.binarypb',
  'selfie_segmentation_landscape.tflite',
  'selfie_segmentation_solution_simd_wasm_bin.js',
  'selfie_segmentation_solution_simd_wasm_bin.wasm',
  'selfie_segmentation_solution_simd_wasm_bin.data',
] as const;

const types: Record<string, string> = { '.js': 'text/javascript', '.wasm': 'application/wasm' };

/** Serves those files under /blur/, where lib/rtc/blur.ts asks for them on first use; no page loads them before. */
export function blurAssets(): Plugin {
  const dir = path.dirname(createRequire(import.meta.url).resolve('@mediapipe/selfie_segmentation/package.json'));
  return {
    name: 'mentara:blur',
    async generateBundle() {
      for (const name of files) {
        this.emitFile({ type: 'asset', fileName: `blur/${name}`, source: await readFile(path.join(dir, name)) });
      }
    },
    configureServer(server) {
      server.middlewares.use('/blur', (request, response, next) => {
        const name = files.find((file) => request.url === `/${file}`);
        const file = name && path.join(dir, name);
        if (!file || !existsSync(file)) {
          next();
          return;
        }
        response.setHeader('Content-Type', types[path.extname(file)] ?? 'application/octet-stream');
        createReadStream(file).pipe(response);
      });
    },
  };
}
