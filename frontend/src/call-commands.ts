// What the server is asked to do to a call. It answers when the exchange has done it (docs/internals.md "HTTP").

import { ApiError, explain, requestJson, Unreachable } from "./api";
import type { LiveCall } from "./model";
import type { PhoneCall } from "./phone/index";
import { thePhone } from "./phone-host";
import { toast } from "./toast";

/** This page's internal number; empty for a person without a telephone. */
export function ownExtension(): string {
  return document.getElementById("softphone")?.dataset["softphoneExtensionValue"] ?? "";
}

/** Ask for a step; what is refused is told to the person. True when it was done. */
export async function command(path: string, json: Record<string, string> = {}): Promise<boolean> {
  try {
    await requestJson(path, { method: "POST", json });
    return true;
  } catch (error) {
    toast(explain(error), "danger");
    return false;
  }
}

export function pathOf(key: string, verb: string): string {
  return `/api/calls/${encodeURIComponent(key)}/${verb}`;
}

/** What the exchange says about hold, or what the telephone did by itself. */
export function isHeld(call: PhoneCall, live: LiveCall | null): boolean {
  return call.held || (live !== null && live.phase === "held" && live.operator === ownExtension());
}

/** The server does not lead this call, or cannot be reached: then the telephone may do it. */
function leavesItToThePhone(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof ApiError && [403, 404].includes(error.status));
}

/**
 * Put a call on hold or take it back. The server does it, with music. The telephone's own hold is the second choice: for
 * a colleague who is asked, for a call that the server does not know, and while it cannot be reached. True when done.
 */
export async function holdCall(call: PhoneCall, live: LiveCall | null, on: boolean): Promise<boolean> {
  if (isHeld(call, live) === on) return true;
  const key = live?.key ?? call.callKey;
  if (!call.held && key !== null) {
    try {
      await requestJson(pathOf(key, on ? "hold" : "resume"), { method: "POST", json: {} });
      return true;
    } catch (error) {
      if (!on || thePhone().view.status !== "active" || !leavesItToThePhone(error)) {
        toast(explain(error), "danger");
        return false;
      }
    }
  }
  thePhone().hold(on, call.id);
  return true;
}
