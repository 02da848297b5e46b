// The telephone's panel on its real markup: the template itself, with its Jinja parts taken out.

import { readFileSync } from "node:fs";

const TEMPLATE = "../hotline/web/templates/includes/softphone.html";

/** The template as a page would show it: texts as they are, one key for the loop, no conditions. */
export function markup(): string {
  return readFileSync(TEMPLATE, "utf8")
    .replace(/\{#.*?#\}/gs, "")
    .replace(/\{% if not user.extension %\}.*?\{% endif %\}/gs, "")
    .replace(/\{\{ "(disabled|hidden)" if (not )?user.extension \}\}/g, (_, word, not) => (not ? "" : word))
    .replaceAll("{{ user.extension or '' }}", "101")
    .replace(/\{\{ _\(['"](.*?)['"].*?\) \}\}/g, "$1")
    .replace(/\{\{ tone \}\}/g, "5")
    .replace(/\{\{.*?\}\}/gs, "")
    .replace(/\{%.*?%\}/gs, "");
}

export const ACCOUNT = {
  extension: "101",
  uri: "sip:101@h",
  password: "p",
  ws: "ws://h/sip",
  ice_servers: [],
  active: false,
};
export const live = {
  key: "pbx1-1.1",
  phase: "ringing",
  queue: "hotline",
  caller_display: "+7 928 000-11-22",
  recorded: true,
};
