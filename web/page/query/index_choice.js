// Which index is searched, where the server has several.

import { element, fill } from "../element.js";
import { current, indexes } from "../server/indexes.js";
import { START } from "../state/address.js";
import { change, state } from "../state/state.js";

const choice = document.getElementById("index");

export function drawIndexChoice() {
  const known = indexes();
  choice.hidden = known.length < 2;
  fill(
    choice,
    known.map(({ name, documents }) => element("option", { value: name, selected: name === current().name }, name)),
  );
}

export function startIndexChoice() {
  // Ids, fields and weights are the other index's own; words and pictures of the query stay.
  choice.addEventListener("change", () =>
    change({
      ...START,
      index: choice.value,
      words: state.words,
      not: state.not,
      uploads: state.uploads,
      view: state.view,
      size: state.size,
    }),
  );
}
