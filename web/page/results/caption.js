// A caption as text, with the words that matched marked.

import { element } from "../element.js";
import { pieces, visible } from "../text.js";

/** A paragraph. Its direction is that of its own script. */
export function caption(hit, attributes = {}) {
  const shown = pieces(hit.caption ?? "", hit.marks).map(([text, matched]) =>
    matched ? element("mark", {}, visible(text)) : visible(text),
  );
  return element(
    "p",
    { dir: "auto", ...attributes, class: `caption ${attributes.class ?? ""}` },
    shown.length ? shown : element("span", { class: "soft" }, "no caption"),
  );
}
