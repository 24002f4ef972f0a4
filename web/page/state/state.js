// The one state of the page. The address mirrors it; whoever draws something listens to it.

import { read, write } from "./address.js";

export const state = read(location.search);
const listeners = [];

/** Call `listener(changed)` after every change; `changed` is the set of names that differ, its `back` whether by the history. */
export function onChange(listener) {
  listeners.push(listener);
}

/**
 * Change some of the state.
 * options.replace: without a new entry in the history. options.unwritten: leave the address as it is (while a slider is dragged).
 */
export function change(patch, options = {}) {
  const before = { ...state };
  Object.assign(state, patch);
  if (!options.unwritten) writeAddress(options.replace);
  tell(before);
}

/** The address of the state with `patch`: what a link holds. */
export function addressOf(patch) {
  return write({ ...state, ...patch });
}

function writeAddress(replace) {
  const address = write(state);
  if (address === write(read(location.search))) replace = true;
  history[replace ? "replaceState" : "pushState"](null, "", address);
}

function tell(before, back = false) {
  const changed = new Set(Object.keys(state).filter((name) => JSON.stringify(state[name]) !== JSON.stringify(before[name])));
  changed.back = back;
  if (changed.size) for (const listener of listeners) listener(changed);
}

addEventListener("popstate", () => {
  const before = { ...state };
  Object.assign(state, read(location.search));
  tell(before, true);
});
