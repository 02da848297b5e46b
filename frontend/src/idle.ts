const AT_LAST_MS = 10_000;
/** Where a browser cannot tell (Safari): the page has drawn itself by then. */
const GUESS_MS = 1_000;

/** Wait until the browser has nothing better to do. For what nobody waits for. */
export function idle(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof requestIdleCallback === "function")
      requestIdleCallback(() => resolve(), { timeout: AT_LAST_MS });
    else setTimeout(resolve, GUESS_MS);
  });
}
