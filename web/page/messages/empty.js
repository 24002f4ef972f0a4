// Nothing found, or nothing good: said kindly, with what may help.

import { element } from "../element.js";
import { current } from "../server/indexes.js";
import { searching } from "../server/requests.js";
import { change, state } from "../state/state.js";
import { fileOf } from "../server/uploads.js";
import { several, short } from "../text.js";

const button = (text, onclick) => element("button", { type: "button", onclick }, text);

/** The place of the hits where there are none. */
export function nothingFound(answer) {
  const filtered = Object.keys(state.filters).length > 0;
  const ways = [
    filtered ? button("Remove the filters", () => change({ filters: {} })) : null,
    state.words && state.kind === "caption" ? button("Search the pictures too", () => change({ kind: "hybrid" })) : null,
    state.not.length ? button("Allow what was excluded", () => change({ not: [] })) : null,
  ].filter(Boolean);
  const [title, next] = reason(answer, filtered);
  return element(
    "div",
    { class: "empty" },
    element("h2", {}, title),
    element("p", {}, next),
    ways.length ? element("p", { class: "buttons" }, ways) : null,
  );
}

function reason(answer, filtered) {
  if (answer.documents === 0) {
    return [
      "This index is empty",
      `Pictures appear here by themselves while it is being filled: clipseek ingest YOUR_PICTURES --index ${current().name}`,
    ];
  }
  if (state.near) return ["No other picture is nearly the same file", "It is the only one of its kind in this index."];
  if (!searching()) return ["No picture has all of this", "Fewer filters leave more."];
  if (state.words && state.kind === "caption") {
    return [`No caption has “${short(state.words, 60)}”`, "The pictures themselves may show it: their vectors need no caption."];
  }
  return [
    "Nothing was found",
    filtered ? "The filters leave nothing to search in." : "Other words, or a picture of what you look for, may do.",
  ];
}

/** Above the hits where none reaches the cut-off, else null. */
export function noGoodMatch(answer, hits) {
  if (hits.some((hit) => hit.relevant !== false)) return null;
  return element(
    "div",
    { class: "notice", role: "status" },
    element("p", { class: "title" }, "No good match."),
    element(
      "p",
      {},
      "Nothing here is likely to be what you asked for; the nearest pictures are below. Other words may do, or a picture of it.",
    ),
  );
}

/** Says that pictures of a link did not come with it; null where all are here. */
export function uploadsGone() {
  const gone = state.uploads.filter(({ key }) => !fileOf(key));
  if (!gone.length) return null;
  return element(
    "div",
    { class: "notice", role: "status" },
    element(
      "p",
      { class: "title" },
      `This search had ${several(gone.length, "picture")} of somebody's own, which a link cannot carry.`,
    ),
    element("p", {}, "Drop or paste it again; the rest of the search is shown."),
    element(
      "p",
      { class: "buttons" },
      button("Search without", () => change({ uploads: state.uploads.filter(({ key }) => fileOf(key)) })),
    ),
  );
}
