// A browser whose service and Asterisk died together takes another account by itself (issue 5, "no operator stuck").

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AccountAgain, PAUSES_MS } from "../src/account-again";
import SoftphoneController from "../src/controllers/softphone_controller";
import { usePhone } from "../src/phone-host";
import { FakePhone } from "./fake-phone";
import { find, server, settle, startPage, stopPage } from "./page";
import { ACCOUNT, markup } from "./softphone-markup";

const REFUSED = { status: "inactive", problem: "registration-refused" } as const;
const LONGEST_MS = PAUSES_MS.reduce((sum, one) => sum + one, 0) * 1.5;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(async () => {
  await stopPage();
  usePhone(null);
  vi.useRealTimers();
});

describe("tries", () => {
  it("come after growing pauses, and not for ever", async () => {
    const at: number[] = [];
    const start = Date.now();
    const again = new AccountAgain(
      async () => {
        at.push(Date.now() - start);
        return true;
      },
      () => undefined,
      () => 0,
    );
    again.need();
    again.need(); // said twice, tried once
    await vi.advanceTimersByTimeAsync(10 * LONGEST_MS);
    expect(at.slice(0, 5)).toEqual([1_000, 3_000, 7_000, 15_000, 30_000]);
    expect(at).toHaveLength(PAUSES_MS.length);
    expect(again.waiting).toBe(false);
  });

  it("are spread, so that hundreds of pages do not ask in one second", async () => {
    const once = vi.fn(async () => false);
    new AccountAgain(
      once,
      () => undefined,
      () => 1,
    ).need();
    await vi.advanceTimersByTimeAsync(1_499);
    expect(once).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(once).toHaveBeenCalledOnce();
  });

  it("begin anew after the telephone has worked in between", async () => {
    const once = vi.fn(async () => true);
    const again = new AccountAgain(
      once,
      () => undefined,
      () => 0,
    );
    again.need();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(once).toHaveBeenCalledTimes(2);
    again.over();
    await vi.advanceTimersByTimeAsync(LONGEST_MS);
    expect(once).toHaveBeenCalledTimes(2);
    again.need();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(once).toHaveBeenCalledTimes(3);
  });
});

describe("the page", () => {
  let phone: FakePhone;
  const problem = () => find("[data-softphone-target=problem]").textContent;

  beforeEach(() => {
    phone = new FakePhone();
    phone.view = { status: "active", calls: [], problem: null };
    usePhone(phone);
  });

  it("takes another account and goes on, without a click", async () => {
    const sent = server({ json: { ...ACCOUNT, active: true } });
    await startPage(markup(), { softphone: SoftphoneController });
    await settle();
    phone.onStart = () => phone.become({ status: "active", problem: null });
    phone.become(REFUSED);
    expect(problem()).toContain("connected again by itself");
    sent.length = 0;
    await vi.advanceTimersByTimeAsync(1_500);
    expect(sent.map((one) => one.path)).toEqual(["/api/softphone", "/api/operator/start"]);
    expect(phone.asked).toEqual(["start"]);
    expect(find("#softphone").dataset["status"]).toBe("active");
    expect(problem()).toBe("");
  });

  it("goes on trying while server or exchange are away", async () => {
    const away = { status: 503, json: { message: "away", error_id: "asterisk-unavailable" } };
    const account = { json: { ...ACCOUNT, active: true } };
    const sent = server(account, "no answer", away, account, account);
    await startPage(markup(), { softphone: SoftphoneController });
    await settle();
    phone.onStart = () => phone.become({ status: "active", problem: null });
    phone.become(REFUSED);
    await vi.advanceTimersByTimeAsync(1.5 * (1_000 + 2_000 + 4_000));
    expect(sent.filter((one) => one.path === "/api/softphone").length).toBeGreaterThanOrEqual(4);
    expect(phone.asked).toEqual(["start"]);
    expect(problem()).toBe("");
  });

  it("leaves it to a click when the server says that his work is over", async () => {
    server({ json: ACCOUNT });
    await startPage(markup(), { softphone: SoftphoneController });
    await settle();
    phone.become(REFUSED);
    await vi.advanceTimersByTimeAsync(LONGEST_MS);
    expect(phone.asked).toEqual([]);
    expect(problem()).toContain("Press «Start work» again");
    expect(find<HTMLButtonElement>("[data-softphone-target=start]").hidden).toBe(false);
  });

  it("does nothing in a tab that only shows the telephone of another one", async () => {
    const sent = server({ json: { ...ACCOUNT, active: true } });
    await startPage(markup(), { softphone: SoftphoneController });
    await settle();
    sent.length = 0;
    phone.become({ ...REFUSED, elsewhere: true });
    await vi.advanceTimersByTimeAsync(LONGEST_MS);
    expect(sent).toEqual([]);
  });
});
