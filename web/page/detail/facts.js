// What is known of a picture: caption, columns as chips that filter, size, id and path.

import { element, iconButton } from "../element.js";
import { declared } from "../server/indexes.js";
import { caption } from "../results/caption.js";
import { copyLines, pathOf } from "../results/export.js";
import { replaced, toggled } from "../state/filters.js";
import { state, change } from "../state/state.js";
import { count, short, visible } from "../text.js";

export function facts(hit) {
  return [
    caption(hit, { class: "whole" }),
    element(
      "div",
      { class: "columns" },
      Object.entries(hit.metadata ?? {}).map(([name, value]) => column(name, value)),
    ),
    element(
      "dl",
      { class: "file" },
      line("id", hit.id),
      line("path", pathOf(hit.uri)),
      hit.width ? [element("dt", {}, "size"), element("dd", {}, `${count(hit.width)} × ${count(hit.height)} pixels`)] : null,
    ),
  ];
}

/** One column with its values; those of a declared column filter when pressed. */
function column(name, value) {
  const field = declared().find((one) => one.name === name);
  const values = (Array.isArray(value) ? value : [value]).filter((one) => one !== null && one !== "");
  return element(
    "p",
    {},
    element("span", { class: "name" }, visible(name)),
    values.map((one) => (field ? filterChip(field, String(one)) : element("bdi", { class: "chip plain" }, short(one, 80)))),
  );
}

function filterChip({ name, kind }, value) {
  const on = (state.filters[name]?.values ?? []).includes(value);
  const filters = () =>
    kind === "keyword" ? toggled(state.filters, name, value) : replaced(state.filters, name, { from: value, to: value });
  return element(
    "button",
    {
      type: "button",
      class: "chip",
      "aria-pressed": String(on),
      title: `Only pictures with ${name}: ${short(value)}`,
      onclick: () => change({ filters: filters(), picture: "" }),
    },
    element("bdi", {}, short(value, 80)),
  );
}

function line(name, value) {
  return [
    element("dt", {}, name),
    element(
      "dd",
      {},
      element("bdi", {}, visible(value)),
      iconButton("copy", `Copy the ${name}`, () => copyLines([value], name)),
    ),
  ];
}
