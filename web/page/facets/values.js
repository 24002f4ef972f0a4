// A facet of words: its values with their counts, each a box to tick.

import { element } from "../element.js";
import { state, change } from "../state/state.js";
import { toggled } from "../state/filters.js";
import { count, visible } from "../text.js";

const FEW = 8;
const opened = new Set();

/** The group of one column; null where it has no values to show. */
export function valuesFacet(field, counted) {
  const chosen = state.filters[field]?.values ?? [];
  const values = [
    ...counted,
    ...chosen.filter((value) => !counted.some((one) => String(one.value) === value)).map((value) => ({ value, count: null })),
  ];
  if (!values.length) return null;
  const all = opened.has(field);
  const shown = all ? values : values.filter((one, at) => at < FEW || chosen.includes(String(one.value)));
  const most = Math.max(1, ...values.map((one) => one.count ?? 0));
  return element(
    "fieldset",
    { class: "facet" },
    element("legend", {}, visible(field)),
    element(
      "ul",
      {},
      shown.map((one) => row(field, one, chosen, most)),
    ),
    values.length > FEW
      ? element(
          "button",
          { type: "button", class: "quiet", "aria-expanded": String(all), onclick: (event) => unfold(field, event, counted) },
          all ? "fewer" : `${values.length - FEW} more`,
        )
      : null,
  );
}

function row(field, { value, count: number }, chosen, most) {
  const text = String(value);
  const bar = element("i", { class: "amount" });
  bar.style.width = `${(100 * (number ?? 0)) / most}%`;
  return element(
    "li",
    {},
    element(
      "label",
      {},
      element("input", {
        type: "checkbox",
        id: `facet-${field}-${text}`,
        checked: chosen.includes(text),
        onchange: () => change({ filters: toggled(state.filters, field, text), picture: "" }),
      }),
      element("bdi", { class: "value" }, visible(text) || "(empty)"),
      element("span", { class: "count" }, number === null ? "" : count(number)),
      bar,
    ),
  );
}

function unfold(field, event, counted) {
  if (!opened.delete(field)) opened.add(field);
  const group = event.target.closest("fieldset");
  const drawn = valuesFacet(field, counted);
  group.replaceWith(drawn);
  drawn.querySelector("button.quiet")?.focus();
}
