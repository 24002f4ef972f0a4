// Why a picture is a hit: its score's sum, in words and bars.

import { element, fill } from "../element.js";
import { Latest } from "../server/latest.js";
import { explain, searching } from "../server/requests.js";
import { state } from "../state/state.js";
import { percent, score, visible } from "../text.js";

const latest = new Latest();

/** A part that fills itself; null where nothing is searched for, and so nothing has a score. */
export function scorePart(hit) {
  if (!searching() || state.near) return null;
  const part = element("section", { class: "score", "aria-label": "Why it is here" });
  load(hit, part);
  return part;
}

async function load(hit, part) {
  try {
    const done = await latest.run((signal) => explain(hit, signal));
    if (done && part.isConnected) draw(done.value, part);
  } catch (problem) {
    fill(part, element("p", { class: "soft" }, `Its score cannot be explained: ${problem.message}`));
  }
}

function draw(answer, part) {
  const terms = answer.hit.terms ?? [];
  const most = Math.max(1e-9, ...terms.map((term) => Math.abs(term.added)));
  fill(
    part,
    element("h3", {}, "Why it is here"),
    found("In the caption: ", answer.words),
    found("In the picture: ", answer.text_words),
    terms.map((term) => termLine(term, most, terms.length > 1)),
    terms.length
      ? element("p", { class: "sum" }, answer.written ?? `Score ${score(answer.hit.score)}`)
      : element("p", { class: "soft" }, "Its sum is not known."),
  );
}

const found = (where, words) =>
  words.length
    ? element("p", {}, where, words.flatMap((word, at) => [at ? ", " : "", element("mark", {}, visible(word))]))
    : null;

/** One clause: what it says of the picture, what the fusion made of it, and what that adds. */
function termLine(term, most, fused) {
  const bar = element("i", { class: term.clause === "caption" ? "by-caption" : "by-vector" });
  bar.style.width = `${(100 * Math.abs(term.added)) / most}%`;
  return element(
    "div",
    { class: "term" },
    element("p", {}, element("strong", {}, term.clause), fused ? ` ${percent(term.share)}` : ""),
    element("span", { class: "bar", "aria-hidden": "true" }, bar),
    element(
      "p",
      { class: "soft" },
      said(term),
      fused ? ` Normalised ${score(term.normalised)}, times its weight ${score(term.weight, 2)}: adds ${score(term.added)}.` : "",
    ),
  );
}

function said({ clause, raw, cosine }) {
  if (raw == null)
    return clause === "caption" ? "The caption has none of the words." : "It is beyond this clause's candidates.";
  if (cosine == null) return `The words match the caption with a BM25 score of ${score(raw, 2)}.`;
  return `The picture's vector is at a cosine of ${score(cosine)} to the query's; 1 is the same picture.`;
}
