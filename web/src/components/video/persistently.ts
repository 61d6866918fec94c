/** Milliseconds between two tries. */
const pause = 3_000;

/**
 * Loads a part of the page until it is there. In a call a part that does not
 * come, because the network is away, must not take the call down with it.
 */
export async function persistently<T>(load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load();
    } catch {
      await new Promise((again) => setTimeout(again, pause));
    }
  }
}
