// The line below which nothing is likely to match.

import { element } from "../element.js";
import { current } from "../server/indexes.js";
import { state } from "../state/state.js";
import { percent, score } from "../text.js";

/** How many of the hits stand above the line: up to the last that reaches the cut-off. null: no line (no cut-off, or all reach it). */
export function lineAt(hits) {
  if (!hits.some((hit) => hit.relevant === false)) return null;
  return hits.findLastIndex((hit) => hit.relevant !== false) + 1;
}

/** The line, as an item of the list. */
export function cutOffLine(cutoff) {
  const chance = state.cut === "auto" ? current().calibration?.false_positives : null;
  const how = chance ? `, calibrated at ${percent(chance)} false` : "";
  return element(
    "li",
    { class: "cut-off", role: "separator" },
    `below here nothing is likely to match (cosine under ${score(cutoff ?? 0, 2)}${how})`,
  );
}
