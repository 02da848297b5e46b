// DAY-36: a supervisor is told whose pause is over its limit, in the top bar and in the lists.

import { afterEach, beforeEach, expect, it } from "vitest";
import LateController from "../src/controllers/late_controller";
import ToastsController from "../src/controllers/toasts_controller";
import { find, push, settle, startPage, stopPage } from "./page";

const MARKUP = `<div id="toasts" data-controller="toasts"></div>
<details class="desk-late" data-controller="late" data-late-extension-value="301" hidden>
  <summary><b data-late-target="count"></b></summary><div data-late-target="list"></div>
</details>
<ul><li><span data-late-of="101" hidden></span></li><li><span data-late-of="102" hidden></span></li></ul>`;
const limit = (secondsAgo: number) => new Date(Date.now() - secondsAgo * 1000).toISOString();
const late = (extension: string, secondsAgo: number) => ({
  extension,
  late: true,
  limit_at: limit(secondsAgo),
});
const badge = () => find<HTMLDetailsElement>(".desk-late");
const row = (extension: string) => find(`[data-late-of="${extension}"]`);

beforeEach(() => startPage(MARKUP, { late: LateController, toasts: ToastsController }));
afterEach(stopPage);

it("is not there while everybody keeps to the limits", () => {
  expect(badge().hidden).toBe(true);
  expect(row("101").hidden).toBe(true);
});

it("says it once, counts on, and goes when the pause is over", async () => {
  push("operator.late", late("101", 65));
  await settle();
  expect(badge().hidden).toBe(false);
  expect(find("[data-late-target=count]").textContent).toBe("1");
  expect(find<HTMLAnchorElement>("[data-late-target=list] a").getAttribute("href")).toBe("/directory?q=101");
  expect(row("101").textContent).toContain("1:05 over the limit");
  expect(row("102").hidden).toBe(true);
  push("operator.late", late("101", 65));
  await settle();
  expect(find("#toasts").textContent?.match(/longer than allowed/g)).toHaveLength(1);
  push("operator.late", { extension: "101", late: false, limit_at: null });
  expect(badge().hidden).toBe(true);
  expect(row("101").textContent).toBe("");
});

it("knows from the snapshot, without a word for what is old, and marks rows that come later", async () => {
  push("snapshot", {
    calls: [],
    links: [],
    queue: null,
    operator: null,
    late: [late("101", 5), late("102", 9)],
  });
  await settle();
  expect(find("[data-late-target=count]").textContent).toBe("2");
  expect(find("#toasts").textContent).toBe("");
  row("102").parentElement?.insertAdjacentHTML(
    "afterend",
    '<li><span data-late-of="102" id="new" hidden></span></li>',
  );
  document.dispatchEvent(new CustomEvent("htmx:afterSettle"));
  expect(find("#new").hidden).toBe(false);
  push("snapshot", { calls: [], links: [], queue: null, operator: null });
  expect(badge().hidden).toBe(true);
});
