// Answers of searches before, so that "back" shows them at once and where one was.

import { write } from "../state/address.js";

const MOST = 12;
const answers = new Map();

const key = (state) => write({ ...state, picture: "", size: 3 });

/** Keep what is shown for a state. */
export function remember(state, shown) {
  answers.delete(key(state));
  answers.set(key(state), shown);
  if (answers.size > MOST) answers.delete(answers.keys().next().value);
}

/** What was shown for a state before, or undefined. */
export const again = (state) => answers.get(key(state));
