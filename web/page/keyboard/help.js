// The keys, in a dialog.

import { element, fill, iconButton } from "../element.js";

const KEYS = [
  ["/", "to the box"],
  ["Enter", "search; on a picture: open it"],
  ["← → ↑ ↓", "from picture to picture; in the detail view to the one before or after"],
  ["m, l, n", "more like this, less like this, nearly the same file"],
  ["x, Shift x", "select; all from the last selected one"],
  ["c", "in the detail view: search by a part; arrows move it, with Shift they resize it"],
  ["1, 2, 3", "grid, list, side by side"],
  ["+, −", "larger or smaller pictures"],
  ["Esc", "close, leave, select none"],
  ["?", "this help"],
];

const dialog = document.getElementById("help");

export function help() {
  fill(
    dialog,
    element(
      "header",
      {},
      element("h2", {}, "Keys"),
      iconButton("close", "Close (Esc)", () => dialog.close()),
    ),
    element(
      "dl",
      {},
      KEYS.map(([keys, does]) => [
        element(
          "dt",
          {},
          keys.split(/(, )/).map((part) => (part === ", " ? part : element("kbd", {}, part))),
        ),
        element("dd", {}, does),
      ]),
    ),
    element(
      "p",
      { class: "soft" },
      "Pictures can be dropped or pasted anywhere, several at once. A picture of the page can be dragged onto the page: more like it.",
    ),
  );
  dialog.showModal();
}

export function startHelp() {
  document.getElementById("show-help").addEventListener("click", help);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}
