// Which keys mean which command (ui.md "Keys", DAY-07, DAY-08). DOM-free: takes what a KeyboardEvent says.

/** Everything that a key can start. A page marks the control that does it with `data-command`. */
export const COMMANDS = [
  "next-tab",
  "new-card",
  "search",
  "scripts",
  "measures",
  "forward",
  "save",
  "finish",
  "close",
  "answer",
  "hangup",
  "mute",
  "hold",
  "transfer",
  "hand-over",
  "join",
  "come-back",
  "park",
  "take",
  "pick-up",
  "ready",
  "pause",
  "emergency",
  "attach",
  "confirm-person",
  "clear-person",
  "global-search",
  "spy-listen",
  "spy-whisper",
  "spy-barge",
  "spy-take",
  "ask-help",
  "help",
] as const;
export type Command = (typeof COMMANDS)[number];

/** Chords by command. `Ctrl+S` is the browser's own, and everybody's habit: it saves the card, not the page. */
export const DEFAULT_KEYS: Readonly<Record<Command, readonly string[]>> = {
  "next-tab": ["F2"],
  "new-card": ["F3"],
  search: ["F4"],
  scripts: ["F7"],
  measures: ["F8"],
  forward: ["F9"],
  save: ["Ctrl+Enter", "Ctrl+S"],
  finish: ["Alt+Shift+C"],
  close: ["Alt+Shift+X"],
  answer: ["Alt+A"],
  hangup: ["Alt+H"],
  mute: ["Alt+M"],
  hold: ["Alt+O"],
  transfer: ["Alt+T"],
  "hand-over": ["Alt+G"],
  join: ["Alt+J"],
  "come-back": ["Alt+B"],
  park: ["Alt+K"],
  take: ["Alt+Shift+K"],
  "pick-up": ["Alt+U"],
  ready: ["Alt+R"],
  pause: ["Alt+P"],
  emergency: ["Ctrl+Alt+1"],
  attach: ["Alt+F"],
  "confirm-person": ["Alt+Y"],
  "clear-person": ["Alt+N"],
  "global-search": ["Ctrl+L", "Ctrl+K", "/"],
  "spy-listen": ["Alt+Shift+L"],
  "spy-whisper": ["Alt+Shift+W"],
  "spy-barge": ["Alt+Shift+J"],
  "spy-take": ["Alt+Shift+T"],
  "ask-help": ["Alt+Shift+H"],
  help: ["F1", "?"],
};

/** The part of a KeyboardEvent that matters here. */
export interface Stroke {
  key: string;
  code: string;
  ctrlKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
  metaKey: boolean;
}

/**
 * Name a stroke as a chord (`Ctrl+Enter`, `Alt+A`, `/`). Letters go by their place on the keyboard, because in the
 * Russian layout Alt+A types `ф`; the slash and the question mark go by both, because their place differs.
 */
export function chordOf(stroke: Stroke): string {
  const plain = !(stroke.ctrlKey || stroke.altKey || stroke.metaKey);
  if (plain && (stroke.key === "?" || (stroke.code === "Slash" && stroke.shiftKey))) return "?";
  if (plain && (stroke.key === "/" || stroke.code === "Slash")) return "/";
  const letter = /^Key([A-Z])$/.exec(stroke.code)?.[1] ?? /^Digit(\d)$/.exec(stroke.code)?.[1];
  const parts = [];
  if (stroke.ctrlKey || stroke.metaKey) parts.push("Ctrl");
  if (stroke.altKey) parts.push("Alt");
  if (stroke.shiftKey) parts.push("Shift");
  parts.push(letter ?? stroke.key);
  return parts.join("+");
}

export type KeyMap = ReadonlyMap<string, Command>;

/** Turn the default map, changed by a profile's `overrides`, into chord → command. Unknown commands are left out. */
export function makeKeyMap(overrides: Readonly<Record<string, readonly string[]>> = {}): KeyMap {
  const map = new Map<string, Command>();
  for (const command of COMMANDS) {
    for (const chord of overrides[command] ?? DEFAULT_KEYS[command]) map.set(chord, command);
  }
  return map;
}

/** The command of a stroke. While somebody types, a single character is text and never a command. */
export function commandOf(map: KeyMap, stroke: Stroke, typing: boolean): Command | null {
  const chord = chordOf(stroke);
  if (typing && chord.length === 1) return null;
  return map.get(chord) ?? null;
}
