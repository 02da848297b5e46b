import type { PhoneCall, PhoneView } from "./phone/index";

const RANK: Readonly<Record<PhoneCall["state"], number>> = { talking: 0, ringing: 1, calling: 2, ended: 9 };

/** The call that the buttons act on: the one that is talked through, else the one that rings, else the one dialled. */
export function currentCall(view: PhoneView): PhoneCall | null {
  const alive = view.calls.filter((call) => call.state !== "ended");
  return alive.reduce<PhoneCall | null>(
    (best, call) => (best === null || RANK[call.state] < RANK[best.state] ? call : best),
    null,
  );
}
