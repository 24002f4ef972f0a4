// How much of a hit's score the caption and the vectors gave: a bar, and the same in words.

import { element } from "../element.js";
import { percent, score } from "../text.js";

/** [caption, vector], each 0 to 1; null where the shares are not known. With several vector clauses, all of them. */
export function sharesOf(hit) {
  const names = Object.keys(hit.shares ?? {});
  if (!names.length) return null;
  const caption = hit.shares.caption ?? 0;
  return [caption, names.filter((name) => name !== "caption").reduce((sum, name) => sum + hit.shares[name], 0)];
}

/** "caption 61 %, vector 39 %", or "" where that is not known. */
export function sharesInWords(hit) {
  const shares = sharesOf(hit);
  return shares ? `caption ${percent(shares[0])}, vector ${percent(shares[1])}` : "";
}

/** The bar; an empty one keeps its place. */
export function shareBar(hit) {
  const shares = sharesOf(hit) ?? [0, 0];
  const parts = ["caption", "vector"].map((name, at) => {
    const part = element("i", { class: `by-${name}` });
    part.style.width = `${100 * shares[at]}%`;
    return part;
  });
  return element("span", { class: "shares", title: sharesInWords(hit) || null, "aria-hidden": "true" }, parts);
}

/** Score, cosine and shares in one line. */
export function why(hit) {
  if (hit.score === null || hit.score === undefined) return "";
  return [sharesInWords(hit), `score ${score(hit.score)}`, hit.cosine === null ? "" : `cosine ${score(hit.cosine, 2)}`]
    .filter(Boolean)
    .join(" · ");
}
