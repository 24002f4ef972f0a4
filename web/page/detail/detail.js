// One picture, large, with all that is known of it; arrows go through the hits.

import { element, fill, iconButton, picture as icon } from "../element.js";
import { thumbButtons, used } from "../feedback/feedback.js";
import { focusHit } from "../keyboard/roving.js";
import { say } from "../messages/messages.js";
import { lessLike, moreLike, nearlySame } from "../results/actions.js";
import { fetchMore, hitsShown } from "../results/results.js";
import { nameOf } from "../results/hit_picture.js";
import { Latest } from "../server/latest.js";
import { originalOf, path } from "../server/indexes.js";
import { get } from "../server/server.js";
import { change, onChange, state } from "../state/state.js";
import { count } from "../text.js";
import { facts } from "./facts.js";
import { neighbours } from "./neighbours.js";
import { scorePart } from "./score.js";
import { stage } from "./stage.js";

const dialog = document.getElementById("detail");
const latest = new Latest();
let last = "";

export function startDetail() {
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    closeDetail();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && closeDetail());
  onChange((changed) => changed.has("picture") && show());
  if (state.picture) show();
}

export function closeDetail() {
  change({ picture: "" });
}

/** To the hit before (-1) or after (1). */
export async function step(by) {
  const at = place();
  const hits = hitsShown();
  if (at < 0) return;
  if (!hits[at + by] && by > 0) await fetchMore();
  const next = hitsShown()[at + by];
  if (next) change({ picture: next.id }, { replace: true });
}

const place = () => hitsShown().findIndex((hit) => hit.id === state.picture);

async function show() {
  if (!state.picture) {
    latest.stop();
    if (dialog.open) dialog.close();
    focusHit(last);
    return;
  }
  last = state.picture;
  const known = hitsShown().find((hit) => hit.id === state.picture);
  if (known) return draw(known);
  try {
    const done = await latest.run((signal) => get(`${path("picture")}?id=${encodeURIComponent(state.picture)}`, signal));
    if (done) draw(done.value);
  } catch (problem) {
    say(problem.message);
    closeDetail();
  }
}

function draw(hit) {
  latest.stop();
  const held = dialog.contains(document.activeElement) ? document.activeElement.dataset.name : "";
  fill(
    dialog,
    header(hit),
    element("div", { class: "detail" }, stage(hit), element("div", { class: "about" }, buttons(hit), facts(hit), scorePart(hit))),
    neighbours(hit),
  );
  dialog.setAttribute("aria-label", nameOf(hit));
  if (!dialog.open) dialog.showModal();
  (dialog.querySelector(`[data-name="${held || "next"}"]:not(:disabled)`) ?? dialog.querySelector("[data-name=close]")).focus();
}

function header(hit) {
  const at = place();
  const total = hitsShown().length;
  const text = at < 0 ? "" : `${count(hit.rank ?? at + 1)}`;
  return element(
    "header",
    {},
    iconButton("left", "The one before (←)", () => step(-1), { "data-name": "previous", disabled: at <= 0 }),
    iconButton("right", "The next (→)", () => step(1), {
      "data-name": "next",
      disabled: at < 0 || (at === total - 1 && !fetchMore.left()),
    }),
    element("span", { class: "soft", role: "status" }, text ? `hit ${text}` : "not among the hits shown"),
    iconButton("close", "Close (Esc)", closeDetail, { "data-name": "close" }),
  );
}

function buttons(hit) {
  const button = (name, text, act, shape) => element("button", { type: "button", onclick: () => act(hit.id) }, icon(shape), text);
  return element(
    "p",
    { class: "buttons" },
    button("more", "More like this", moreLike, "more"),
    button("less", "Less like this", lessLike, "less"),
    button("near", "Nearly the same file", nearlySame, "near"),
    element("a", { class: "button", href: originalOf(hit.id, true), download: "", onclick: () => used(hit) }, icon("download"), "Original"),
    thumbButtons(hit, true),
  );
}
