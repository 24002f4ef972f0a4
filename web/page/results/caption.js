// A caption, and the words in the picture, with those that matched marked.

import { element } from "../element.js";
import { pieces, visible } from "../text.js";

/** A paragraph. Its direction is that of its own script. */
export function caption(hit, attributes = {}) {
  const shown = marked(hit.caption, hit.marks);
  if (hit.text)
    shown.push(soft(` ${hit.text_only ? "only " : ""}in the picture: `), ...marked(hit.text, hit.text_marks));
  return element(
    "p",
    { dir: "auto", ...attributes, class: `caption ${attributes.class ?? ""}` },
    shown.length ? shown : soft("no caption"),
  );
}

const soft = (text) => element("span", { class: "soft" }, text);
const marked = (text, marks) =>
  pieces(text ?? "", marks).map(([part, matched]) => (matched ? element("mark", {}, visible(part)) : visible(part)));
