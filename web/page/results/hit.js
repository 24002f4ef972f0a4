// One hit of the grid or the list.

import { element } from "../element.js";
import { caption } from "./caption.js";
import { hitPicture, nameOf } from "./hit_picture.js";
import { tick } from "./select.js";
import { shareBar, sharesInWords, why } from "./shares.js";

/** An <li>; `side`: the longer side of the picture's place in pixels. */
export function hitItem(hit, side) {
  const label = [hit.rank ? `${hit.rank}.` : "", nameOf(hit), sharesInWords(hit)].filter(Boolean).join(" ");
  const item = element(
    "li",
    { class: `hit${hit.relevant === false ? " unlikely" : ""}` },
    hitPicture(hit, side, label),
    tick(hit),
    element("span", { class: "why", "aria-hidden": "true" }, element("span", {}, why(hit))),
    hit.score === null ? null : shareBar(hit),
    caption(hit, { title: hit.caption || null }),
  );
  item.dataset.id = hit.id;
  item.querySelector(".picture").tabIndex = -1; // one of all hits is reached by Tab: keyboard/roving.js
  return item;
}
