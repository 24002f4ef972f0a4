// Requests to the server that this page came from. Addresses are relative, so that a proxy may put the page below any path.

const TRIES = 4;
/** By this the log tells the page's searches from those of programs. */
const PAGE = { "X-Clipseek-Client": "page" };

/** What went wrong, as the server's problem details say it (RFC 9457); `kind` is the last part of their type. */
export class Problem extends Error {
  constructor({ type, title, status, detail, next }) {
    super(detail || title || `status ${status}`);
    Object.assign(this, {
      kind: String(type ?? "")
        .split(/[/:#]/)
        .pop(),
      title,
      status,
      detail,
      next,
    });
  }
}

export const get = (path, signal) => ask(path, { signal });

/** POST `body` as JSON; with `files`, as a form that has the JSON as `query` and the files as `upload`. */
export function post(path, body, signal, files = []) {
  if (!files.length) {
    return ask(path, { signal, method: "POST", body: JSON.stringify(body), headers: { ...PAGE, "Content-Type": "application/json" } });
  }
  const form = new FormData();
  form.append("query", JSON.stringify(body));
  for (const file of files) form.append("upload", file);
  return ask(path, { signal, method: "POST", body: form, headers: PAGE });
}

async function ask(path, request) {
  for (let tried = 1; ; tried += 1) {
    const response = await reached(path, request);
    if (response.ok) return /json/.test(response.headers.get("Content-Type")) ? response.json() : response.blob();
    if (response.status !== 429 || tried === TRIES) throw new Problem(await problem(response));
    await pause(1000 * (Number(response.headers.get("Retry-After")) || 1), request.signal);
  }
}

async function reached(path, request) {
  try {
    return await fetch(path, { credentials: "same-origin", ...request });
  } catch (failure) {
    if (failure.name === "AbortError") throw failure;
    throw new Problem({ type: "page-server-away", title: "no answer" });
  }
}

async function problem(response) {
  const fields = await response.json().catch(() => ({}));
  return { ...fields, status: response.status };
}

function pause(milliseconds, signal) {
  return new Promise((done, failed) => {
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      failed(signal.reason);
    });
  });
}
