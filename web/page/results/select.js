// Selecting hits: a box on each, Shift for all between two, and what can be done with the selected.

import { element, fill, iconButton } from "../element.js";
import { used } from "../feedback/feedback.js";
import { change, state } from "../state/state.js";
import { several } from "../text.js";
import { copyLines, downloadLines, pathOf } from "./export.js";

const selected = new Map(); // id: hit
const opener = document.getElementById("select-some");
const bar = document.getElementById("selected");
let last = null;

/** The box of a hit. */
export function tick(hit) {
  return element("input", {
    type: "checkbox",
    class: "tick",
    tabindex: -1,
    checked: selected.has(hit.id),
    "aria-label": "Select",
    title: "Select (x); with Shift all from the last one",
    onclick: (event) => choose(hit, event.currentTarget.checked, event.shiftKey),
  });
}

/** Select or leave a hit that stands on the page; `range`: with all between it and the one before. */
export function choose(hit, on, range = false) {
  const items = [...document.querySelectorAll("#results .hit")];
  const [from, to] = [last, hit.id].map((id) => items.findIndex((item) => item.dataset.id === id));
  const chosen = range && from >= 0 && to >= 0 ? items.slice(Math.min(from, to), Math.max(from, to) + 1) : [items[to]];
  for (const item of chosen.filter(Boolean)) {
    const one = hits().find((other) => other.id === item.dataset.id) ?? hit;
    if (on) selected.set(one.id, one);
    else selected.delete(one.id);
    item.querySelector(".tick").checked = on;
  }
  last = hit.id;
  draw();
}

export function toggle(hit, range) {
  choose(hit, !selected.has(hit.id), range);
}

/** Take the selection away; true where there was one. */
export function clearSelection() {
  const any = selected.size > 0;
  selected.clear();
  for (const box of document.querySelectorAll(".tick:checked")) box.checked = false;
  draw();
  return any;
}

let hits = () => [];

/** `ofPage()`: the hits that the page shows. */
export function startSelection(ofPage) {
  hits = ofPage;
  opener.addEventListener("click", () => {
    if (!clearSelection()) choosing(!document.body.classList.contains("selecting"));
  });
}

/** Without a mouse the boxes are shown only while some are chosen. */
function choosing(on) {
  document.body.classList.toggle("selecting", on);
  opener.setAttribute("aria-pressed", String(on));
}

function draw() {
  choosing(selected.size > 0);
  bar.hidden = selected.size === 0;
  const all = [...selected.values()];
  const button = (text, act) => element("button", { type: "button", onclick: act }, text);
  fill(
    bar,
    element("strong", { role: "status" }, `${several(all.length, "picture")} selected`),
    button("Copy ids", () =>
      copyLines(
        all.map((hit) => hit.id),
        "id",
      ),
    ),
    button("Copy paths", () =>
      copyLines(
        all.map((hit) => pathOf(hit.uri)),
        "path",
      ),
    ),
    button("Download JSONL", () => {
      downloadLines(all);
      used(...all);
    }),
    button("More like these", () => likeAll(all)),
    iconButton("close", "Select none (Esc)", clearSelection),
  );
}

function likeAll(all) {
  const fresh = all.filter((hit) => !state.like.some((part) => part.id === hit.id));
  clearSelection();
  change({ like: [...state.like, ...fresh.map(({ id }) => ({ id, weight: 1 }))], near: "", picture: "" });
}
