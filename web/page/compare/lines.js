// Lines between the same picture in neighbouring columns.

import { drawing } from "../element.js";

/** Draw the lines over `view` and keep them where its size changes. */
export function connect(view) {
  const sheet = drawing("svg", { class: "lines", "aria-hidden": "true" });
  view.append(sheet);
  new ResizeObserver(() => draw(view, sheet)).observe(view);
  for (const kind of ["pointerover", "focusin"])
    view.addEventListener(kind, (event) => light(view, event.target.closest?.(".hit")?.dataset.id));
  view.addEventListener("pointerleave", () => light(view, null));
}

function draw(view, sheet) {
  const origin = view.getBoundingClientRect();
  const columns = [...view.querySelectorAll(".column")];
  sheet.setAttribute("viewBox", `0 0 ${origin.width} ${origin.height}`);
  const lines = [];
  for (const [at, column] of columns.slice(0, -1).entries()) {
    for (const left of column.querySelectorAll(".hit")) {
      const right = [...columns[at + 1].querySelectorAll(".hit")].find((other) => other.dataset.id === left.dataset.id);
      if (right) lines.push(line(origin, left.getBoundingClientRect(), right.getBoundingClientRect(), left.dataset.id));
    }
  }
  sheet.replaceChildren(...lines);
}

function line(origin, left, right, id) {
  const [x1, y1] = [left.right - origin.left, left.top + left.height / 2 - origin.top];
  const [x2, y2] = [right.left - origin.left, right.top + right.height / 2 - origin.top];
  const bend = (x2 - x1) / 2;
  const made = drawing("path", { d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` });
  made.dataset.id = id;
  return made;
}

/** Show one picture and its lines before the others; null: all the same. */
function light(view, id) {
  view.classList.toggle("lit", Boolean(id));
  for (const part of view.querySelectorAll(".hit, .lines path")) part.classList.toggle("on", part.dataset.id === id);
}
