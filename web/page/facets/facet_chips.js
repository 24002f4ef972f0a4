// The chips of the filters that hold, above the results: one for each value, with a way to remove it.

import { element, fill, iconButton } from "../element.js";
import { replaced, toggled } from "../state/filters.js";
import { state, change, onChange } from "../state/state.js";
import { short } from "../text.js";

const parent = document.getElementById("facet-chips");

export function startFacetChips() {
  onChange((changed) => changed.has("filters") && draw());
  draw();
}

function draw() {
  const chips = Object.entries(state.filters).flatMap(([field, { values, from, to }]) => [
    ...(values ?? []).map((value) => facetChip(field, value, () => toggled(state.filters, field, value))),
    ...(from || to ? [facetChip(field, `${from ?? ""} … ${to ?? ""}`.trim(), () => replaced(state.filters, field, null))] : []),
  ]);
  const all = element("button", { type: "button", class: "quiet", onclick: () => change({ filters: {} }) }, "remove all");
  fill(parent, chips, chips.length > 1 ? all : null);
}

function facetChip(field, value, without) {
  const text = `${short(field, 20)}: ${short(value, 30)}`;
  return element(
    "span",
    { class: "chip facet-chip" },
    element("bdi", {}, text),
    iconButton("close", `Remove ${text}`, () => change({ filters: without() })),
  );
}
