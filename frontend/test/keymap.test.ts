import { expect, it } from "vitest";
import { COMMANDS, commandOf, DEFAULT_KEYS, makeKeyMap, type Stroke } from "../src/keymap";

function stroke(key: string, code: string, ...modifiers: ("ctrl" | "alt" | "shift" | "meta")[]): Stroke {
  return {
    key,
    code,
    ctrlKey: modifiers.includes("ctrl"),
    altKey: modifiers.includes("alt"),
    shiftKey: modifiers.includes("shift"),
    metaKey: modifiers.includes("meta"),
  };
}

const map = makeKeyMap();

it.each([
  ["F2", stroke("F2", "F2"), "next-tab"],
  ["Ctrl+Enter", stroke("Enter", "Enter", "ctrl"), "save"],
  ["Ctrl+S", stroke("s", "KeyS", "ctrl"), "save"],
  ["Ctrl+S in the Russian layout", stroke("ы", "KeyS", "ctrl"), "save"],
  ["Alt+A", stroke("a", "KeyA", "alt"), "answer"],
  ["Alt+A in the Russian layout", stroke("ф", "KeyA", "alt"), "answer"],
  ["Alt+Shift+C", stroke("C", "KeyC", "alt", "shift"), "finish"],
  ["Alt+Shift+X", stroke("X", "KeyX", "alt", "shift"), "close"],
  ["Alt+K", stroke("k", "KeyK", "alt"), "park"],
  ["Alt+Shift+K", stroke("K", "KeyK", "alt", "shift"), "take"],
  ["Alt+U in the Russian layout", stroke("г", "KeyU", "alt"), "pick-up"],
  ["slash", stroke("/", "Slash"), "global-search"],
  ["slash's place in the Russian layout", stroke(".", "Slash"), "global-search"],
  ["question mark", stroke("?", "Slash", "shift"), "help"],
  ["question mark in the Russian layout", stroke("?", "Digit7", "shift"), "help"],
  ["a letter", stroke("a", "KeyA"), null],
  ["AltGr+A", stroke("a", "KeyA", "alt", "ctrl"), null],
])("%s", (_, pressed, command) => {
  expect(commandOf(map, pressed, false)).toBe(command);
});

it("leaves characters to whoever types", () => {
  expect(commandOf(map, stroke("/", "Slash"), true)).toBeNull();
  expect(commandOf(map, stroke("?", "Slash", "shift"), true)).toBeNull();
  expect(commandOf(map, stroke("F4", "F4"), true)).toBe("search");
  expect(commandOf(map, stroke("Enter", "Enter", "ctrl"), true)).toBe("save");
});

it("gives each chord to one command", () => {
  const chords = COMMANDS.flatMap((command) => DEFAULT_KEYS[command]);
  expect(new Set(chords).size).toBe(chords.length);
});

it("lets a profile bring its own keys", () => {
  const own = makeKeyMap({ save: ["F10"], nonsense: ["F12"] });
  expect(commandOf(own, stroke("F10", "F10"), false)).toBe("save");
  expect(commandOf(own, stroke("Enter", "Enter", "ctrl"), false)).toBeNull();
  expect(commandOf(own, stroke("F12", "F12"), false)).toBeNull();
  expect(commandOf(own, stroke("F3", "F3"), false)).toBe("new-card");
});
