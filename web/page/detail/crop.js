// A part of the picture to search by: drawn with the mouse or a finger, or moved with the arrows.

import { element, picture as icon } from "../element.js";
import { change, state } from "../state/state.js";

const LEAST = 0.02;
const STEP = 0.02;

/** The tool for a picture in its `frame`; it draws over the frame and returns its buttons. */
export function cropTool(hit, frame) {
  let box = null; // [x, y, width, height] as fractions of the picture
  const area = element("div", {
    class: "crop",
    tabindex: 0,
    role: "application",
    hidden: true,
    "aria-label": "Part to search by. Arrows move it, with Shift they resize it, Enter searches",
  });
  const start = element(
    "button",
    { type: "button", "data-name": "crop", onclick: () => put([0.25, 0.25, 0.5, 0.5], true) },
    icon("crop"),
    "Search by a part",
  );
  const go = element("button", { type: "button", class: "accent", onclick: search }, "Search by this part");
  const leave = element("button", { type: "button", onclick: remove }, "Cancel");
  const hint = element("span", { class: "soft hint" }, "or draw it on the picture");
  const buttons = element("span", { class: "buttons" }, start, hint);

  function put(fractions, focus) {
    box = inside(fractions);
    const [x, y, width, height] = box;
    Object.assign(area.style, { left: `${100 * x}%`, top: `${100 * y}%`, width: `${100 * width}%`, height: `${100 * height}%` });
    area.hidden = false;
    if (!go.isConnected) buttons.replaceChildren(go, leave);
    if (focus) area.focus();
  }

  function remove() {
    box = null;
    area.hidden = true;
    buttons.replaceChildren(start, hint);
    start.focus();
  }

  function search() {
    if (box) change({ crops: [...state.crops, { id: hit.id, box, weight: 1 }], near: "", picture: "" });
  }

  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter") search();
    else if (event.key === "Escape") remove();
    else if (event.key in ARROWS) put(moved(box, ARROWS[event.key], event.shiftKey), true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  drawn(frame, put);
  frame.append(area);
  return buttons;
}

const ARROWS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

function moved([x, y, width, height], [right, down], resize) {
  return resize ? [x, y, width + right, height + down] : [x + right, y + down, width, height];
}

/** A box that lies in the picture and has a size. */
function inside([x, y, width, height]) {
  const w = Math.min(1, Math.max(LEAST, width));
  const h = Math.min(1, Math.max(LEAST, height));
  return [Math.min(1 - w, Math.max(0, x)), Math.min(1 - h, Math.max(0, y)), w, h];
}

/** Call `put(box)` while a box is drawn on `frame` with the pointer; a mere click draws none. */
function drawn(frame, put) {
  let from = null;
  const at = (event) => {
    const { left, top, width, height } = frame.getBoundingClientRect();
    return [(event.clientX - left) / width, (event.clientY - top) / height].map((part) => Math.min(1, Math.max(0, part)));
  };
  frame.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    from = at(event);
    frame.setPointerCapture(event.pointerId);
  });
  frame.addEventListener("pointermove", (event) => {
    if (!from) return;
    const to = at(event);
    const [width, height] = [Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1])];
    if (width > LEAST && height > LEAST) put([Math.min(from[0], to[0]), Math.min(from[1], to[1]), width, height]);
  });
  for (const end of ["pointerup", "pointercancel"]) frame.addEventListener(end, () => (from = null));
}
