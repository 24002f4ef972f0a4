// The box: words, words that are not wanted, and pictures, in one form.

import { state, change, onChange } from "../state/state.js";
import { START } from "../state/address.js";
import { drawQueryChips } from "./query_chips.js";
import { addFiles } from "./drop.js";

const form = document.getElementById("box");
const words = document.getElementById("words");
const without = document.getElementById("without");
const chooser = document.getElementById("chooser");

/** What a search starts from: another question keeps index, filters and view, and goes back to the first page by relevance. */
const FRESH = { near: "", picture: "" };

export function startBox() {
  form.addEventListener("submit", submit);
  document.getElementById("clear").addEventListener("click", clear);
  document.getElementById("choose").addEventListener("click", () => chooser.click());
  chooser.addEventListener("change", () => {
    addFiles([...chooser.files]);
    chooser.value = "";
  });
  without.addEventListener("keydown", (event) => {
    if (event.key === "Backspace" && !without.value && state.not.length) change({ not: state.not.slice(0, -1) });
  });
  onChange(drawBox);
  drawBox();
}

function submit(event) {
  event.preventDefault();
  const unwanted = without.value.trim();
  const not = unwanted && !state.not.includes(unwanted) ? [...state.not, unwanted] : state.not;
  without.value = "";
  change({ ...FRESH, words: words.value.trim(), not });
}

function clear() {
  const { words: none, not, like, unlike, crops, uploads, near } = START;
  change({ words: none, not, like, unlike, crops, uploads, near, picture: "" });
  words.focus();
}

/** Show what the state has; again once the index is known, whose pictures stand on the chips. */
export function drawBox(changed) {
  if (!changed || changed.has("words")) words.value = state.words;
  const parts = state.not.length + state.like.length + state.unlike.length + state.crops.length + state.uploads.length;
  document.getElementById("clear").hidden = !(state.words || parts || state.near);
  drawQueryChips(document.getElementById("chips"));
}
