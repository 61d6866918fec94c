/** What the server demands of a password's length (NIST SP 800-63B §3.1.1.2). */
export const passwordLength = 10;

/**
 * Whether a text can be an email address. Only what is surely a slip is
 * refused; the server has the last word.
 */
export function looksLikeEmail(text: string): boolean {
  const at = text.indexOf('@');
  return at > 0 && at < text.length - 1 && !/\s/.test(text);
}

/**
 * Where to go after signing in: a path of this app, never another site.
 * Browsers read "//x" and "/\x" as hosts.
 */
export function safePath(to: string | null): string {
  if (!to || !/^\/(?![/\\])/.test(to)) return '/';
  if ([...to].some((c) => c < ' ')) return '/';
  return to;
}
