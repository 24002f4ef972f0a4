// What can be done with a hit: search by it, away from it, for its near duplicates, and select it.

import { element, iconButton } from "../element.js";
import { thumbButtons } from "../feedback/feedback.js";
import { START } from "../state/address.js";
import { change, state } from "../state/state.js";

/** Add it to what is searched for. */
export function moreLike(id) {
  const like = state.like.some((part) => part.id === id) ? state.like : [...state.like, { id, weight: 1 }];
  change({ like, unlike: state.unlike.filter((other) => other !== id), near: "", picture: "" });
}

/** Move the search away from it. */
export function lessLike(id) {
  const unlike = state.unlike.includes(id) ? state.unlike : [...state.unlike, id];
  change({ unlike, like: state.like.filter((part) => part.id !== id), near: "", picture: "" });
}

/** Show what is nearly the same file, instead of the search. */
export function nearlySame(id) {
  const { words, not, like, unlike, crops, uploads } = START;
  change({ words, not, like, unlike, crops, uploads, filters: {}, sort: "", near: id, picture: "" });
}

const ROOM = 110; // pixels below which five buttons would hide the picture
let hitsShown = () => [];

/** Put the buttons over a picture once the pointer or the focus is on its hit: most never need theirs. `ofPage()`: the hits. */
export function startActions(place, ofPage) {
  hitsShown = ofPage;
  for (const kind of ["pointerover", "focusin"]) place.addEventListener(kind, (event) => offer(event.target.closest(".hit")));
}

function offer(item) {
  if (!item || item.querySelector(".actions") || !item.querySelector(".tick")) return;
  const hit = hitsShown().find((one) => one.id === item.dataset.id);
  const button = (icon, name, act) => iconButton(icon, name, () => act(item.dataset.id));
  item
    .querySelector(".tick")
    .after(
      element(
        "span",
        { class: "actions" },
        button("more", "More like this (m)", moreLike),
        button("less", "Less like this (l)", lessLike),
        button("near", "Nearly the same file (n)", nearlySame),
        item.clientWidth < ROOM ? null : thumbButtons(hit),
      ),
    );
}
