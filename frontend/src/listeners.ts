// Listeners that come and go together, as those of a controller do between connect and disconnect.

type Heard = readonly [EventTarget, string, (event: never) => void];

/** Listen; returns what stops all of it. */
export function listen(...all: readonly Heard[]): () => void {
  for (const [target, type, listener] of all) target.addEventListener(type, listener as EventListener);
  return () => {
    for (const [target, type, listener] of all) target.removeEventListener(type, listener as EventListener);
  };
}
