// The facets beside the results, below them on a phone: a group for every column that the index declares.

import { element, fill } from "../element.js";
import { declared } from "../server/indexes.js";
import { Latest } from "../server/latest.js";
import { facetFields, facetOf } from "../server/requests.js";
import { state } from "../state/state.js";
import { valuesFacet } from "./values.js";
import { rangeFacet } from "./range.js";

const panel = document.getElementById("facet-groups");
const side = document.getElementById("facets");
const ofChosen = new Map(); // field: Latest
let counted = {};

/** Draw the groups after a search; `counts` are the facets of its answer. Fields with chosen values are counted apart. */
export function showFacets(counts) {
  counted = Object.fromEntries(Object.entries(counts ?? {}).map(([field, values]) => [field, values.map(pair)]));
  draw();
  for (const field of facetFields().filter((name) => state.filters[name]?.values)) countChosen(field);
}

async function countChosen(field) {
  if (!ofChosen.has(field)) ofChosen.set(field, new Latest());
  const done = await ofChosen
    .get(field)
    .run((signal) => facetOf(field, signal))
    .catch(() => null);
  if (!done) return;
  counted[field] = done.value.map(pair);
  draw();
}

const pair = (item) => (Array.isArray(item) ? { value: item[0], count: item[1] } : item);

function draw() {
  const focused = document.activeElement?.closest("#facet-groups") ? document.activeElement.id : "";
  const groups = declared().map(({ name, kind }) =>
    kind === "keyword" ? valuesFacet(name, counted[name] ?? []) : rangeFacet(name, kind),
  );
  side.hidden = !groups.some(Boolean);
  document.getElementById("show-facets").hidden = side.hidden;
  fill(panel, groups.length ? groups : element("p", { class: "soft" }, "This index declares no columns."));
  if (focused) document.getElementById(focused)?.focus();
}
