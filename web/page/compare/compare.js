// Side by side: the same query by caption, by both, and by vector, with lines between the same picture.

import { element } from "../element.js";
import { search, query } from "../server/requests.js";
import { caption } from "../results/caption.js";
import { hitPicture, nameOf } from "../results/hit_picture.js";
import { shareBar, why } from "../results/shares.js";
import { connect } from "./lines.js";

const COLUMNS = ["caption", "hybrid", "vector"];
const TITLES = { caption: "Caption: the words alone", hybrid: "Hybrid: both", vector: "Vector: the picture alone" };
/** Hits of a column; those behind them only count for the ranks that the others say. */
const SHOWN = 12;
let kept = { key: "", caption: null, vector: null, search: null };

/**
 * {view, answer, hits} of the state's words: the answer is the hybrid's. Another weight asks for the hybrid alone. One search is
 * logged, the hybrid; a hit of three rankings has no one rank, so that nothing is told of what is done with it.
 */
export async function showCompare(signal) {
  const { fusion: _, kind: __, ...same } = query("hybrid");
  const key = JSON.stringify(same);
  const of = kept.key === key ? kept.search : null;
  const answers = Object.fromEntries(
    await Promise.all(
      COLUMNS.map(async (kind) => [
        kind,
        (kept.key === key && kept[kind]) || (await search(0, signal, { kind, facets: kind === "hybrid", of, log: kind === "hybrid" })),
      ]),
    ),
  );
  kept = { key, caption: answers.caption, vector: answers.vector, search: answers.hybrid.search };
  return {
    view: view(answers),
    answer: answers.hybrid,
    hits: unique(COLUMNS.flatMap((kind) => answers[kind].hits.slice(0, SHOWN))).map((hit) => ({ ...hit, search: null })),
  };
}

const unique = (hits) => [...new Map(hits.map((hit) => [hit.id, hit])).values()];

function view(answers) {
  const ranks = Object.fromEntries(COLUMNS.map((kind) => [kind, new Map(answers[kind].hits.map((hit, at) => [hit.id, at + 1]))]));
  const columns = COLUMNS.map((kind) =>
    element(
      "section",
      { class: `column of-${kind}`, "aria-label": TITLES[kind] },
      element("h2", {}, TITLES[kind]),
      answers[kind].hits.length
        ? element(
            "ol",
            { class: "hits" },
            answers[kind].hits.slice(0, SHOWN).map((hit, at) => row(hit, at + 1, kind, ranks)),
          )
        : element("p", { class: "soft" }, kind === "caption" ? "No caption has these words." : "Nothing found."),
    ),
  );
  const whole = element("div", { class: "compare" }, columns);
  whole.addEventListener("shown", () => connect(whole), { once: true });
  return whole;
}

function row(hit, rank, kind, ranks) {
  const places = COLUMNS.filter((other) => other !== kind).map(
    (other) => `${other} ${ranks[other].get(hit.id) ? `#${ranks[other].get(hit.id)}` : "–"}`,
  );
  const alone = COLUMNS.every((other) => other === kind || !ranks[other].has(hit.id));
  const item = element(
    "li",
    { class: `hit${hit.relevant === false ? " unlikely" : ""}${alone ? " alone" : ""}` },
    element("span", { class: "rank" }, String(rank)),
    hitPicture(hit, 64, `${rank}. ${nameOf(hit)}; ${places.join(", ")}`),
    element(
      "div",
      { class: "said" },
      kind === "hybrid" ? shareBar(hit) : null,
      caption(hit, { title: why(hit) }),
      element("span", { class: "soft places" }, places.join(" · ")),
    ),
  );
  item.dataset.id = hit.id;
  item.querySelector(".picture").tabIndex = -1; // one of all hits is reached by Tab: keyboard/roving.js
  return item;
}
