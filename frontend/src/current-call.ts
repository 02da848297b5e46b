import type { PhoneCall, PhoneView } from "./phone/index";

const RANK: Readonly<Record<PhoneCall["state"], number>> = { talking: 0, ringing: 1, calling: 2, ended: 9 };

let chosen: string | null = null;

/** Of several calls that are talked through, this one is spoken into now; the others wait on hold. */
export function chooseCall(id: string): void {
  chosen = id;
}

function before(one: PhoneCall, other: PhoneCall): boolean {
  if (one.state !== other.state) return RANK[one.state] < RANK[other.state];
  if (one.state !== "talking") return false;
  if (one.id === chosen || other.id === chosen) return one.id === chosen;
  return (one.answeredAt ?? 0) > (other.answeredAt ?? 0);
}

/** The call that the buttons act on: the one that is talked through, else the one that rings, else the one dialled. */
export function currentCall(view: PhoneView): PhoneCall | null {
  const alive = view.calls.filter((call) => call.state !== "ended");
  return alive.reduce<PhoneCall | null>(
    (best, call) => (best === null || before(call, best) ? call : best),
    null,
  );
}

/** All other calls of this telephone: a second one that rings, a first one that waits on hold. */
export function otherCalls(view: PhoneView): PhoneCall[] {
  const current = currentCall(view);
  return view.calls.filter((call) => call !== current && call.state !== "ended");
}
