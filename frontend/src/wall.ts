// The big screen: asks for its figures every second, for days. A lost server is said in words, and asked again; a new
// version of the page is taken by a reload at night, when nobody looks.

import { learnServerTime, serverNow } from "./clock";
import { t } from "./i18n";
import { type WallFigures, wallQueue, wallStates } from "./wall-view";

const EVERY_MS = 1_000;
const WITHIN_MS = 5_000;
const RELOAD_AFTER_MS = 20 * 3_600_000;
const RELOAD_HOUR = 3;
const started = Date.now();

const zone = document.body.dataset["wallZone"] ?? "";
const clock = new Intl.DateTimeFormat(document.documentElement.lang || "ru", {
  hour: "2-digit",
  minute: "2-digit",
  ...(zone === "" ? {} : { timeZone: zone }),
});
const hour = new Intl.DateTimeFormat("en", {
  hour: "numeric",
  hourCycle: "h23",
  ...(zone === "" ? {} : { timeZone: zone }),
});
let told = "";

function show(figures: WallFigures): void {
  learnServerTime(figures.server_time);
  document.getElementById("wall")?.replaceChildren(...figures.queues.map(wallQueue));
  document.getElementById("wall-states")?.replaceChildren(...wallStates(figures));
  const down = figures.links.some((state) => state !== "up");
  say(down ? "telephony" : "up");
}

/** Written only when it changes: it is read aloud. */
function say(state: "up" | "telephony" | "lost"): void {
  const line = document.getElementById("wall-state");
  if (!line || told === state) return;
  told = state;
  document.body.dataset["link"] = state;
  if (state === "up") line.textContent = t("live");
  else if (state === "telephony") line.textContent = t("No connection with the telephone exchange");
  else line.textContent = t("no connection: the figures stand still");
}

async function ask(): Promise<void> {
  try {
    const answer = await fetch("/api/wallboard", {
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(WITHIN_MS),
    });
    if (answer.status === 401) location.assign("/login?next=/wallboard");
    if (!answer.ok) throw new Error(String(answer.status));
    show((await answer.json()) as WallFigures);
    if (Date.now() - started > RELOAD_AFTER_MS && Number(hour.format(serverNow())) === RELOAD_HOUR)
      location.reload();
  } catch {
    say("lost");
  }
  const time = document.getElementById("wall-clock");
  if (time) time.textContent = clock.format(serverNow());
  setTimeout(() => void ask(), EVERY_MS);
}

void ask();
