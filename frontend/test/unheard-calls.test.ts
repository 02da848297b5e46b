import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { announce } from "../src/dom";
import { offerCard } from "../src/navigate";
import { SILENCE_MS, UnheardCalls } from "../src/unheard-calls";
import { FakePhone, phoneCall } from "./fake-phone";
import { server, settle } from "./page";

vi.mock("../src/navigate", () => ({ offerCard: vi.fn(async () => undefined) }));

const KEY = "pbx1-1.1";
let phone: FakePhone;
let calls: UnheardCalls;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  vi.mocked(offerCard).mockClear();
  document.body.innerHTML = '<div id="softphone" data-softphone-extension-value="101"></div>';
  phone = new FakePhone();
  calls = new UnheardCalls(phone);
});

afterEach(() => {
  calls.close();
  vi.useRealTimers();
});

async function silence(ms = SILENCE_MS): Promise<void> {
  vi.advanceTimersByTime(ms);
  await settle();
}

describe("a ring of which the server says nothing (DAY-20)", () => {
  it("opens its card: the server is told its key and number, once, also when it is answered meanwhile", async () => {
    const sent = server({ json: { id: 1, rev: 0 } });
    phone.become({ calls: [phoneCall()] });
    await silence(SILENCE_MS - 1);
    expect(sent).toEqual([]);
    phone.become({ calls: [phoneCall({ state: "talking" })] });
    await silence(1);
    expect(sent.map((one) => `${one.method} ${one.path} ${one.body}`)).toEqual([
      `POST /api/drafts {"call_key":"${KEY}","number":"79280001122"}`,
    ]);
    expect(vi.mocked(offerCard).mock.calls).toEqual([[KEY, "79280001122"]]);
    phone.become({ calls: [phoneCall({ state: "talking", muted: true })] });
    await silence();
    expect([sent.length, vi.mocked(offerCard).mock.calls.length]).toEqual([1, 1]);
  });

  it("opens it on paper when there is no database either, and not when the server says that it is another's", async () => {
    server({ status: 503, json: { error_id: "database-unavailable", message: "away" } });
    phone.become({ calls: [phoneCall()] });
    await silence();
    expect(offerCard).toHaveBeenCalledTimes(1);
    server({ status: 403, json: { error_id: "forbidden", message: "no" } });
    phone.become({ calls: [phoneCall({ id: "b", callKey: "pbx1-1.2" })] });
    await silence();
    expect(offerCard).toHaveBeenCalledTimes(1);
  });

  it.each([
    ["the server told of the ring", { ringing: ["101"], operator: null }],
    ["the server told of the answer", { ringing: [], operator: "101" }],
  ])("leaves the card to the server when %s", async (_, told) => {
    const sent = server({ json: {} });
    phone.become({ calls: [phoneCall()] });
    announce("hotline:call.offered", { key: KEY, phase: "ringing", ...told });
    await silence();
    expect([sent, vi.mocked(offerCard).mock.calls]).toEqual([[], []]);
  });

  it("is not satisfied by news of the call that do not speak of this telephone", async () => {
    server({ json: { id: 1, rev: 0 } });
    phone.become({ calls: [phoneCall()] });
    announce("hotline:call.queued", { key: KEY, phase: "queued", ringing: [], operator: null });
    await silence();
    expect(offerCard).toHaveBeenCalledTimes(1);
  });

  it.each([
    ["is over before", [] as const, {}],
    ["rings in another tab", [phoneCall()], { elsewhere: true as const }],
    ["comes from a colleague", [phoneCall({ role: "consult" })], {}],
    ["was dialled here", [phoneCall({ direction: "out", callKey: null })], {}],
  ])("opens nothing for a call that %s", async (_, later, view) => {
    const sent = server({ json: {} });
    if (later.length === 0) phone.become({ calls: [phoneCall()] });
    phone.become({ calls: [...later], ...view });
    await silence();
    expect(sent).toEqual([]);
  });
});
