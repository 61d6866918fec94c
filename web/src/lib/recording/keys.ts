/** What a key of the review page asks for. */
export type ReviewAction = { repeats?: boolean } & (
  | { type: 'toggle' | 'mark' | 'note' | 'help' | 'fullscreen' | 'silence' | 'copy' }
  | { type: 'faster' | 'slower' }
  | { type: 'skip'; ms: number }
  | { type: 'step'; direction: 1 | -1 }
  | { type: 'goto'; part: number }
  | { type: 'edge'; end: boolean }
);

type Pressed = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

/** The action of a key; undefined leaves the key to the page. */
export function actionOf(e: Pressed): ReviewAction | undefined {
  if (e.ctrlKey || e.metaKey || e.altKey) return undefined;
  if (/^[0-9]$/.test(e.key)) return { type: 'goto', part: Number(e.key) / 10 };
  switch (e.key.toLowerCase()) {
    case ' ':
    case 'k':
      return { type: 'toggle' };
    case 'j':
      return { type: 'skip', ms: -10_000, repeats: true };
    case 'l':
      return { type: 'skip', ms: 10_000, repeats: true };
    case 'arrowleft':
      return { type: 'skip', ms: e.shiftKey ? -1000 : -5000, repeats: true };
    case 'arrowright':
      return { type: 'skip', ms: e.shiftKey ? 1000 : 5000, repeats: true };
    case ',':
      return { type: 'step', direction: -1, repeats: true };
    case '.':
      return { type: 'step', direction: 1, repeats: true };
    case '<':
    case '-':
      return { type: 'slower' };
    case '>':
    case '+':
      return { type: 'faster' };
    case 'home':
      return { type: 'edge', end: false };
    case 'end':
      return { type: 'edge', end: true };
    case 'm':
      return { type: 'mark' };
    case 'n':
      return { type: 'note' };
    case 's':
      return { type: 'silence' };
    case 'f':
      return { type: 'fullscreen' };
    case 'c':
      return { type: 'copy' };
    case '?':
      return { type: 'help' };
    default:
      return undefined;
  }
}
