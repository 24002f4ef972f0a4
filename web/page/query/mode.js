// Caption, vector or both; and how much the vector weighs in a hybrid.

import { current } from "../server/indexes.js";
import { hasPictures, hasWords, searching } from "../server/requests.js";
import { state, change, onChange } from "../state/state.js";

const kinds = [...document.querySelectorAll("#mode input[name=kind]")];
const slider = document.getElementById("weight");
const shown = document.getElementById("weight-shown");
const why = document.getElementById("mode-why");

export function startMode() {
  for (const kind of kinds) kind.addEventListener("change", () => change({ kind: kind.value }));
  slider.addEventListener("input", () => change({ weight: slider.valueAsNumber }, { unwritten: true }));
  slider.addEventListener("change", () => change({ weight: slider.valueAsNumber }));
  onChange(drawMode);
}

/** Show what the state has, or what the index does by itself. */
export function drawMode() {
  // Pictures have no words for the captions; before anything is asked for, all can be chosen.
  const pictures = searching() && !hasWords();
  const chosen = pictures ? "vector" : state.kind || "hybrid";
  for (const kind of kinds) {
    kind.checked = kind.value === chosen;
    kind.disabled = pictures;
  }
  slider.valueAsNumber = state.weight ?? current().fusion?.weight ?? 0.5;
  slider.disabled = pictures || (chosen !== "hybrid" && state.view !== "compare");
  const percent = Math.round(slider.valueAsNumber * 100);
  slider.setAttribute("aria-valuetext", `caption ${100 - percent} %, vector ${percent} %`);
  shown.textContent = slider.disabled ? "" : `${percent} % vector`;
  why.textContent = pictures ? "Captions need words" : chosen === "caption" && hasPictures() ? "Pictures take no part" : "";
}
