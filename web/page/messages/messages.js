// What the page says: how many were found, what went wrong and what to do, and short notes. Live regions, read out as they change.

import { element, fill } from "../element.js";
import { current } from "../server/indexes.js";
import { searching } from "../server/requests.js";
import { count, several } from "../text.js";
import { explained } from "./problems.js";
import { whenBack } from "./waiting.js";

const line = document.getElementById("status");
const box = document.getElementById("problem");
const toast = document.getElementById("said");
const remarks = document.getElementById("notes");
let waiting = 0;
let stopWaiting = () => {};

/** How many pictures, and how long it took. */
export function status(answer) {
  const documents = answer.documents ?? current().documents ?? 0;
  const found =
    searching() || answer.matched !== documents
      ? `${count(answer.matched)} of ${several(documents, "picture")}`
      : several(documents, "picture");
  line.textContent = answer.took ? `${found} · ${Math.round(answer.took.total_ms)} ms` : found;
}

/** The server's remarks on a search. */
export function notes(texts) {
  fill(
    remarks,
    texts.map((text) => element("p", {}, text)),
  );
}

/** While an answer is on its way; shown only where it takes longer than people notice. */
export function busy(on) {
  clearTimeout(waiting);
  document.getElementById("results").setAttribute("aria-busy", String(on));
  if (on) waiting = setTimeout(() => document.body.classList.add("busy"), 200);
  else document.body.classList.remove("busy");
}

/** A short note that goes by itself. */
export function say(text) {
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => (toast.hidden = true), Math.max(4000, 60 * text.length));
}

/** Say what went wrong, in a plain sentence, and what to do next; `again()` tries it once more. */
export function showProblem(problem, again) {
  stopWaiting();
  const { title, next, actions, waits } = explained(problem, again);
  fill(
    box,
    element("p", { class: "title" }, title),
    next ? element("p", {}, next) : null,
    actions.length ? element("p", { class: "buttons" }, actions) : null,
  );
  box.hidden = false;
  if (waits) stopWaiting = whenBack(waits, again);
}

export function clearProblem() {
  stopWaiting();
  box.hidden = true;
  fill(box);
}
