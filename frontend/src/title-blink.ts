// The tab's title blinks while it rings, so that a hidden tab is noticed (ui.md "Ring").

const BLINK_MS = 1_000;
let stop: (() => void) | null = null;

/** Alternate the title with `text` until {@link calmTitle}. A page's own new title meanwhile is kept. */
export function blinkTitle(text: string): void {
  if (stop) return;
  let own = document.title;
  let shown = false;
  const timer = setInterval(() => {
    if (document.title !== text) own = document.title;
    shown = !shown;
    document.title = shown ? text : own;
  }, BLINK_MS);
  stop = () => {
    clearInterval(timer);
    if (document.title === text) document.title = own;
  };
}

export function calmTitle(): void {
  stop?.();
  stop = null;
}
