// One file to the server, with its progress: fetch() tells nothing of what has been sent, XMLHttpRequest does.

import { ApiError, csrfToken, Unreachable } from "./api";
import { announce } from "./dom";
import { t } from "./i18n";

/** A file on its way. */
export interface Upload {
  done: Promise<void>;
  abort(): void;
}

function refused(request: XMLHttpRequest): ApiError {
  try {
    const body = JSON.parse(request.responseText) as {
      error_id?: string;
      message?: string;
      details?: Record<string, unknown>;
    };
    return new ApiError(
      request.status,
      body.error_id ?? "internal-error",
      body.message ?? "",
      body.details ?? {},
    );
  } catch {
    const text = t("The server answered with an error ({status}).", { status: request.status });
    return new ApiError(request.status, "internal-error", text, {});
  }
}

/**
 * Send `file`; `progress` hears how much of it has left, 0 to 1. The name goes in a header: addresses are written to logs.
 * `done` fails with {@link ApiError} or {@link Unreachable}.
 */
export function upload(path: string, file: File, progress: (part: number) => void): Upload {
  const request = new XMLHttpRequest();
  const done = new Promise<void>((resolve, reject) => {
    request.open("POST", path);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-CSRF-Token", csrfToken());
    request.setRequestHeader("X-File-Name", encodeURIComponent(file.name).slice(0, 3000));
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) {
        resolve();
        return;
      }
      if (request.status === 401) announce("hotline:signed-out");
      reject(refused(request));
    });
    const lost = (): void => reject(new Unreachable(t("The server does not answer.")));
    request.addEventListener("error", lost);
    request.addEventListener("timeout", lost);
    request.addEventListener("abort", () => reject(new Unreachable(t("Not sent."))));
    request.send(file);
  });
  return { done, abort: () => request.abort() };
}
