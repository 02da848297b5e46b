import { afterEach, expect, it, vi } from "vitest";
import BellController from "../src/controllers/bell_controller";
import NoticeListController from "../src/controllers/notice_list_controller";
import { find, heard, push, server, settle, startPage, stopPage } from "./page";

vi.mock("htmx.org", () => ({ default: { process: () => undefined, config: {} } }));

afterEach(stopPage);

const BELL = `<details data-controller="bell" data-action="toggle->bell#opened submit->bell#sent hotline:notice.new@document->bell#arrived hotline:snapshot@document->bell#recount">
  <summary><span data-bell-target="count" hidden></span><span data-bell-target="words"></span></summary>
  <div data-bell-target="menu"></div></details>`;

it("bell: counts after loading, counts on live, says what came without any name", async () => {
  server({ json: { unread: 2 } });
  const toasts = heard("hotline:toast");
  await startPage(BELL, { bell: BellController });
  expect(find("[data-bell-target=count]").textContent).toBe("2");
  push("notice.new", { kind: "overdue", number: "07-1", unread: 120 });
  await settle();
  expect(find("[data-bell-target=count]").textContent).toBe("99+");
  expect(find("[data-bell-target=words]").textContent).toBe("Notices, unread: 120");
  expect(toasts).toEqual([{ text: "The deadline has passed: 07-1", kind: "warning" }]);
  // A supervisor's line stands on the screen until it is confirmed: no second word of it.
  push("notice.new", { kind: "supervisor", number: "", unread: 1 });
  await settle();
  expect(find("[data-bell-target=count]").textContent).toBe("1");
  expect(toasts).toHaveLength(1);
});

it("bell: its menu is fetched when it opens, and says when it cannot be", async () => {
  const sent = server({ json: { unread: 0 } }, { html: "<p>one</p>" }, { json: { unread: 1 } }, "no answer");
  await startPage(BELL, { bell: BellController });
  expect(find("[data-bell-target=count]").hidden).toBe(true);
  const bell = find<HTMLDetailsElement>("details");
  bell.open = true;
  bell.dispatchEvent(new Event("toggle"));
  await settle();
  expect(sent.map((one) => one.path)).toEqual(expect.arrayContaining(["/notifications?menu=1"]));
  expect(find("[data-bell-target=menu]").textContent).toBe("one");
  bell.dispatchEvent(new Event("toggle"));
  await settle();
  expect(find("[data-bell-target=menu]").textContent).toBe("The server does not answer.");
});

it("notice list: offers the new ones instead of moving", async () => {
  await startPage(
    '<section data-controller="notice-list"><a data-notice-list-target="changed" hidden>more</a></section>',
    { "notice-list": NoticeListController },
  );
  push("notice.new", {});
  expect(find("a").hidden).toBe(false);
});
