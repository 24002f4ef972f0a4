// A facet of numbers or dates: from and to, both ends counted in.

import { element } from "../element.js";
import { replaced } from "../state/filters.js";
import { state, change } from "../state/state.js";
import { visible } from "../text.js";

const FORM = { number: "", date: "2024-05" };

export function rangeFacet(field, kind) {
  const now = state.filters[field] ?? {};
  const ends = ["from", "to"].map((end) =>
    element(
      "label",
      {},
      element("span", {}, end),
      element("input", {
        type: kind === "number" ? "number" : "text",
        step: "any",
        id: `facet-${field}-${end}`,
        value: now[end] ?? "",
        placeholder: FORM[kind],
        title: kind === "date" ? "A year, a month or a day: 2024, 2024-05, 2024-05-31" : null,
        "aria-label": `${field} ${end}`,
        onchange: (event) => put(field, end, event.target.value.trim()),
      }),
    ),
  );
  return element(
    "fieldset",
    { class: "facet range" },
    element("legend", {}, visible(field)),
    element("div", { class: "ends" }, ends),
  );
}

function put(field, end, value) {
  const { from, to } = { ...state.filters[field], [end]: value };
  change({ filters: replaced(state.filters, field, from || to ? { from, to } : null), picture: "" });
}
