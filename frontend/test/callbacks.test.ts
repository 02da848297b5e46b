import { afterEach, beforeEach, expect, it, vi } from "vitest";
import CallbackCountController from "../src/controllers/callback_count_controller";
import CallbackListController from "../src/controllers/callback_list_controller";
import CallbackOfferController from "../src/controllers/callback_offer_controller";
import { find, push, server, settle, startPage, stopPage } from "./page";

const opened: string[] = [];
vi.mock("htmx.org", () => ({
  default: {
    process: () => undefined,
    config: {},
    ajax: (_: string, path: string) => {
      opened.push(path);
      return Promise.resolve();
    },
  },
}));

beforeEach(() => {
  vi.useFakeTimers();
  opened.length = 0;
});
afterEach(async () => {
  await stopPage();
  vi.useRealTimers();
});

const COUNT = `<a data-controller="callback-count" data-action="hotline:callbacks@document->callback-count#changed">
  <span data-callback-count-target="open" hidden></span><span data-callback-count-target="late" hidden></span></a>`;
const LIST = `<section data-controller="callback-list"><a data-live="list-changed" hidden>show</a><button>take</button></section>`;
const OFFER = `<section data-controller="callback-offer" hidden
  data-action="hotline:operator.state@document->callback-offer#state hotline:callbacks@document->callback-offer#soon"></section>`;

it("count: shown after loading and after a change, overdue ones by an icon", async () => {
  server({ json: { open: 2, mine: 0, overdue: 0 } }, { json: { open: 140, mine: 1, overdue: 3 } });
  await startPage(COUNT, { "callback-count": CallbackCountController });
  expect(find("[data-callback-count-target=open]").textContent).toBe("2");
  expect(find("[data-callback-count-target=late]").hidden).toBe(true);
  push("callbacks", { duty_ids: [7] });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(find("[data-callback-count-target=open]").textContent).toBe("99+");
  expect(find("[data-callback-count-target=late]").hidden).toBe(false);
});

it("list: freshens itself, but never under somebody's hand", async () => {
  await startPage(LIST, { "callback-list": CallbackListController });
  push("callbacks", { duty_ids: [7] });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(opened).toEqual([location.pathname + location.search]);
  find("button").focus();
  push("callbacks", { duty_ids: [7] });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(opened).toHaveLength(1);
  expect(find("[data-live=list-changed]").hidden).toBe(false);
});

it("one duty: says that it has changed, and keeps still for others", async () => {
  await startPage(LIST.replace('"callback-list"', '"callback-list" data-callback-list-duty-value="7"'), {
    "callback-list": CallbackListController,
  });
  push("callbacks", { duty_ids: [8] });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(find("[data-live=list-changed]").hidden).toBe(true);
  push("callbacks", { duty_ids: [7, 8] });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(find("[data-live=list-changed]").hidden).toBe(false);
  expect(opened).toEqual([]);
});

it("offer: made when the server has one, gone when the operator is busy, silent after «not now»", async () => {
  const button = '<button type="button" data-action="callback-offer#later">not now</button>';
  const sent = server({ html: button }, { html: button }, { html: button });
  await startPage(OFFER, { "callback-offer": CallbackOfferController });
  await vi.advanceTimersByTimeAsync(3_000);
  const offer = find("[data-controller=callback-offer]");
  expect(offer.hidden).toBe(false);
  push("operator.state", { state: "talking" });
  await settle();
  expect(offer.hidden).toBe(true);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(offer.hidden).toBe(false);
  find("button").click();
  await settle();
  expect(offer.hidden).toBe(true);
  push("callbacks", { duty_ids: [7] });
  await vi.advanceTimersByTimeAsync(3_000);
  expect(offer.hidden).toBe(true);
  expect(sent.map((one) => one.path)).toEqual(["/callbacks/next", "/callbacks/next"]);
});
