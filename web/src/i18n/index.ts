import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { type Catalogue } from './catalogue';
import common from './en/common';

export type Namespace = keyof Catalogue;

/** Languages with a catalogue. A new one is a folder beside en/ and a line here. */
export const languages = [{ code: 'en', name: 'English', dir: 'ltr' }] as const;
export type Language = (typeof languages)[number]['code'];

type Words = { default: Record<string, unknown> };
const files = import.meta.glob<Words>('./*/*.ts');

const backend = {
  type: 'backend' as const,
  init() {},
  read(language: string, namespace: string, done: (error: unknown, words: Words['default'] | null) => void) {
    const load = files[`./${language}/${namespace}.ts`];
    if (!load) {
      done(null, {}); // the fallback language answers
      return;
    }
    load().then(
      (module) => done(null, module.default),
      (error: unknown) => done(error, null),
    );
  },
};

function pick(): Language {
  const known = new Set<string>(languages.map((l) => l.code));
  const wanted = [localStorage.getItem('mentara.language') ?? '', ...navigator.languages];
  for (const tag of wanted) {
    const base = tag.split('-')[0] ?? '';
    if (known.has(base)) return base as Language;
  }
  return 'en';
}

function describeDocument(language: string) {
  const found = languages.find((l) => l.code === language) ?? languages[0];
  document.documentElement.lang = found.code;
  document.documentElement.dir = found.dir;
}

/** Readies the words of the shell; pages bring their own. */
export async function startI18n(): Promise<void> {
  if (i18next.isInitialized) return;
  i18next.on('languageChanged', describeDocument);
  await i18next
    .use(backend)
    .use(initReactI18next)
    .init({
      lng: pick(),
      fallbackLng: 'en',
      ns: ['common'],
      defaultNS: 'common',
      resources: { en: { common } },
      partialBundledLanguages: true,
      interpolation: { escapeValue: false }, // React escapes
      returnNull: false,
      react: { useSuspense: true },
    });
}

export async function loadWords(namespaces: readonly Namespace[]): Promise<void> {
  if (namespaces.length > 0) await i18next.loadNamespaces(namespaces);
}

export async function setLanguage(language: Language): Promise<void> {
  localStorage.setItem('mentara.language', language);
  await i18next.changeLanguage(language);
}
