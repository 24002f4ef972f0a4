// Answers of searches before, so that "back" shows them at once and where one was.

import { write } from "../state/address.js";

const MOST = 12;
const answers = new Map();
let current = "";

const key = (state) => write({ ...state, picture: "", size: 3 });

/** Keep what is shown for a state. */
export function remember(state, shown) {
  current = key(state);
  answers.delete(current);
  answers.set(current, { ...shown, top: scrollY });
  if (answers.size > MOST) answers.delete(answers.keys().next().value);
}

/** What was shown for a state before, or undefined. */
export const again = (state) => answers.get(key(state));

addEventListener(
  "scroll",
  () => {
    const shown = answers.get(current);
    if (shown && !document.body.classList.contains("busy")) shown.top = scrollY;
  },
  { passive: true },
);
