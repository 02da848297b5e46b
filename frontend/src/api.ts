// Requests to our own server. One place knows the CSRF token, how errors look and what "signed out" means.

import { announce } from "./dom";
import { t } from "./i18n";

/** The server answered, and refused. `errorId` is hotline/errors.py's. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly errorId: string,
    message: string,
    readonly details: Readonly<Record<string, unknown>>,
  ) {
    super(message);
  }
}

/** There was no answer: no network, the service is restarting, or it took too long. */
export class Unreachable extends Error {}

const ANSWER_WITHIN_MS = 15_000;

let token: string | null = null;

/** The session's CSRF token; the page brings the first one, signing in again brings the next. */
export function csrfToken(): string {
  return token ?? document.body.dataset["shellCsrfValue"] ?? "";
}

export function setCsrfToken(value: string | null): void {
  token = value;
}

export interface Call {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  json?: unknown;
  form?: URLSearchParams | FormData;
  /** A piece of a file. */
  bytes?: Blob;
  /** How long to wait for the answer, in ms; 15 s when absent. */
  withinMs?: number;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
  /** `text/html` for fragments; JSON otherwise. */
  accept?: string;
}

function bodyOf(call: Call): { body?: BodyInit; headers: Record<string, string> } {
  const headers: Record<string, string> = {
    Accept: call.accept ?? "application/json",
    "X-CSRF-Token": csrfToken(),
    ...call.headers,
  };
  if (call.json !== undefined) {
    headers["Content-Type"] = "application/json";
    return { body: JSON.stringify(call.json), headers };
  }
  const body = call.bytes ?? call.form;
  return body === undefined ? { headers } : { body, headers };
}

async function errorOf(response: Response): Promise<ApiError> {
  let errorId = "internal-error";
  let message = t("The server answered with an error ({status}).", { status: response.status });
  let details: Record<string, unknown> = {};
  try {
    const body = (await response.json()) as {
      error_id?: string;
      message?: string;
      details?: Record<string, unknown>;
    };
    errorId = body.error_id ?? errorId;
    message = body.message ?? message;
    details = body.details ?? details;
  } catch {
    // A page instead of JSON (a proxy in between, a crash): the status is all that is known.
  }
  return new ApiError(response.status, errorId, message, details);
}

/**
 * Send a request. Throws {@link ApiError} for an answer outside 2xx (401 is announced as `hotline:signed-out` first),
 * {@link Unreachable} when there is none, and the signal's own reason when the caller aborted.
 */
export async function request(path: string, call: Call = {}): Promise<Response> {
  const { body, headers } = bodyOf(call);
  const timeout = AbortSignal.timeout(call.withinMs ?? ANSWER_WITHIN_MS);
  let response: Response;
  try {
    response = await fetch(path, {
      method: call.method ?? "GET",
      headers,
      credentials: "same-origin",
      signal: call.signal ? AbortSignal.any([call.signal, timeout]) : timeout,
      ...(body === undefined ? {} : { body }),
    });
  } catch (error) {
    if (call.signal?.aborted) throw error;
    throw new Unreachable(t("The server does not answer."));
  }
  if (response.ok) return response;
  const error = await errorOf(response);
  if (error.status === 401) announce("hotline:signed-out");
  throw error;
}

/** Send a request and read the JSON answer; `null` for 204. */
export async function requestJson<T>(path: string, call: Call = {}): Promise<T> {
  const response = await request(path, call);
  return (response.status === 204 ? null : await response.json()) as T;
}

/** Send a request and read the answer as a fragment of a page. */
export async function requestFragment(path: string, signal?: AbortSignal): Promise<string> {
  const response = await request(path, {
    accept: "text/html",
    headers: { "HX-Request": "true" },
    ...(signal ? { signal } : {}),
  });
  return response.text();
}

/** What to tell a person about a failure. */
export function explain(error: unknown): string {
  if (error instanceof ApiError || error instanceof Unreachable) return error.message;
  return t("Something went wrong in the browser. Reload the page if it goes on.");
}
