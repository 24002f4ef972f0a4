// Each thing that can go wrong, in one plain sentence, with the next thing to do.

import { element } from "../element.js";
import { current, indexes } from "../server/indexes.js";
import { change, state } from "../state/state.js";
import { START } from "../state/address.js";
import { short } from "../text.js";

const button = (text, onclick) => element("button", { type: "button", onclick }, text);

/** {title, next, actions: buttons, waits: path that answers once it is over}. */
export function explained(problem, again) {
  const retry = button("Try again", again);
  const known = KNOWN[problem.kind]?.(problem, again) ?? BY_STATUS[problem.status]?.(problem, again);
  // A detail ends with the next thing to do; that is said once.
  return { title: sentence(problem), next: null, actions: [retry], waits: null, ...known };
}

const sentence = ({ title, detail, message }) => {
  const text = short(detail || title || message, 400);
  return text.charAt(0).toUpperCase() + text.slice(1);
};

const serverAway = () => ({
  title: "The server of this page does not answer.",
  next: "It may have been stopped: start it again with clipseek serve. The page looks every two seconds and goes on by itself.",
  waits: "healthz",
});

const openSearchAway = (problem) => ({
  title: "OpenSearch does not answer; the pictures cannot be searched until it does.",
  next: "Start it again with clipseek node start, or look at the server that clipseek serve was given by --url. The page goes on by itself.",
  waits: "readyz",
});

const noToken = () => ({
  title: "This page needs its token.",
  next: "Open the address that clipseek serve printed: it ends in ?token=… and is needed once in each browser. Or paste the token here.",
  actions: [tokenForm()],
});

const otherModel = (problem) => ({
  title: `${short(current().name, 60) || "This index"} was filled by another model than the one that the server has, so that words and pictures cannot be compared with its vectors.`,
  next: "Start clipseek serve with the model of the index. Its captions can be searched all the same.",
  actions: [button("Search the captions", () => change({ kind: "caption" }))],
});

const noModel = (problem) => ({
  title: "The server has no model for this index: words and pictures cannot be made into vectors.",
  next: "Start clipseek serve with --model BUNDLE. Captions can be searched, and pictures of the index.",
  actions: [button("Search the captions", () => change({ kind: "caption" }))],
});

const noIndex = (problem) => ({
  title: indexes().length ? sentence(problem) : "There is no index yet.",
  next: indexes().length
    ? "Choose one of these:"
    : "Make one from a folder of pictures: clipseek ingest YOUR_PICTURES --model BUNDLE --index mine",
  actions: indexes().map(({ name }) => button(name, () => change({ ...START, index: name }))),
});

const tooLarge = (problem) => ({ title: sentence(problem), next: "Take a smaller picture, or fewer." });
const busyNow = () => ({ title: "The server is busy with other searches.", next: "Try again in a moment." });

/** A query that cannot be searched for; where it has pictures, they may be why. */
const refused = (problem, again) => ({
  title: sentence(problem),
  actions: [
    button("Try again", again),
    ...(state.uploads.length || state.crops.length
      ? [button("Remove the pictures", () => change({ uploads: [], crops: [] }))]
      : []),
  ],
});

const KNOWN = {
  "page-server-away": serverAway,
  "server-away": openSearchAway,
  "no-token": noToken,
  "index-missing": noIndex,
  "model-mismatch": otherModel,
  "model-missing": noModel,
  "encoder-busy": busyNow,
  "too-many": busyNow,
  "too-large": tooLarge,
  "invalid-picture": refused,
  "invalid-query": refused,
};

const BY_STATUS = { 401: noToken, 413: tooLarge, 429: busyNow, 502: serverAway, 503: openSearchAway };

/** Sends the token as the printed address would. */
function tokenForm() {
  return element(
    "form",
    { class: "token", method: "get", action: "./" },
    element("input", { name: "token", type: "password", autocomplete: "off", required: true, "aria-label": "Token" }),
    element("button", {}, "Go on"),
  );
}
