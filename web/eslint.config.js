import { fileURLToPath } from 'node:url';

import js from '@eslint/js';
import imports from 'eslint-plugin-import';
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

// Imports point down: app → pages → components → hooks → lib. Areas (video,
// people, …) meet only in pages and in components/dashboard; components/ui and
// i18n belong to everyone.
const areas = ['account', 'people', 'recording', 'recordings', 'sessions', 'video'];
const layers = ['app', 'pages', 'components', 'hooks', 'lib'];

const upward = layers.flatMap((layer, depth) =>
  depth === 0
    ? []
    : [
        {
          target: `./src/${layer}`,
          from: layers.slice(0, depth).map((above) => `./src/${above}`),
          message: `${layer} may not import from above it: pages → components → hooks → lib.`,
        },
      ],
);
const sideways = ['components', 'hooks'].flatMap((layer) =>
  areas.map((area) => ({
    target: `./src/${layer}/${area}`,
    from: areas
      .filter((other) => other !== area)
      .flatMap((other) => [`./src/components/${other}`, `./src/hooks/${other}`]),
    message: 'Areas meet only in pages and components/dashboard.',
  })),
);

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'e2e/**', 'shots/**', 'src/**/*.gen.ts'] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  jsxA11y.flatConfigs.strict,
  reactHooks.configs.flat['recommended-latest'],
  {
    files: ['**/*.{ts,tsx,js,mjs}'],
    plugins: { import: imports },
    settings: {
      'import/resolver': { [fileURLToPath(new URL('./scripts/eslint-resolver.cjs', import.meta.url))]: {} },
      'import/parsers': { '@typescript-eslint/parser': ['.ts', '.tsx'] },
      'import/extensions': ['.ts', '.tsx', '.js', '.mjs'],
    },
    rules: {
      'import/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones: [...upward, ...sideways] }],
      'import/no-cycle': ['error', { ignoreExternal: true, disableScc: true }],
      'import/no-duplicates': ['error', { 'prefer-inline': true }],
      'no-restricted-globals': [
        'error',
        { name: 'event', message: 'Take the event as an argument.' },
        { name: 'name', message: 'window.name is never what you mean.' },
        { name: 'confirm', message: 'Act and offer undo, or use a dialog.' },
        { name: 'alert', message: 'Use a toast or an inline message.' },
        { name: 'prompt', message: 'Use a form.' },
        { name: 'fetch', message: 'Go through src/lib/api/client.ts.' },
      ],
      'no-console': ['error', { allow: ['error'] }],
      eqeqeq: 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['src/lib/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: ['react', 'react-dom', 'react-router', '@mantine/core', '@mantine/hooks'].map((name) => ({ name, message: 'lib knows no React; bridge it in a hook.' })) },
      ],
    },
  },
  {
    files: ['scripts/**', '*.config.{ts,js}'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly', URLSearchParams: 'readonly', Buffer: 'readonly', setTimeout: 'readonly', clearTimeout: 'readonly', document: 'readonly', window: 'readonly' } },
    rules: { 'no-console': 'off', 'no-restricted-globals': 'off' },
  },
  {
    files: ['scripts/*.cjs'], // loaded by a plugin that knows only CommonJS
    languageOptions: { globals: { require: 'readonly', exports: 'readonly', __dirname: 'readonly' } },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
);
