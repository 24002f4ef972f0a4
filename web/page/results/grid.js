// The grid and the list: the same hits, laid out in justified rows, or one below the other with whole captions.

import { element } from "../element.js";
import { state } from "../state/state.js";
import { hitItem } from "./hit.js";
import { ratioOf } from "./hit_picture.js";
import { justified } from "./justify.js";

const HEIGHTS = [80, 116, 160, 224, 320];
const GAP = 16;
const PHONE_GAP = 8;

let list = null;
let laid = [];

/** An empty list for hits. */
export function emptyGrid() {
  list = element("ul", { class: `hits ${state.view}`, id: "hits" });
  laid = [];
  return list;
}

/** Put hits behind those that are there. */
export function append(hits) {
  laid.push(...hits);
  list.append(...hits.map((hit) => hitItem(hit, side())));
  layOut();
}

const narrow = () => list.clientWidth < 560;
const rowHeight = () => HEIGHTS[Math.min(state.size, HEIGHTS.length) - 1];
/** What a thumbnail must fill: a place may be wider than high, and rows higher than wanted. */
const side = () => rowHeight() * (state.view === "list" ? 1 : 1.34);

/** Give every hit its place; called again when the width changes. */
export function layOut() {
  if (!list?.isConnected) return;
  list.style.setProperty("--side", `${rowHeight()}px`);
  if (state.view === "list") {
    for (const item of list.children) item.style.width = "";
    return;
  }
  const gap = narrow() ? PHONE_GAP : GAP;
  list.style.setProperty("--gap", `${gap}px`);
  const width = Math.floor(list.clientWidth);
  const places = narrow() ? columns(width, gap) : justified(laid.map(ratioOf), width, rowHeight(), gap, 104);
  places.forEach((place, at) => {
    const item = list.children[at];
    item.style.width = `${place.width}px`;
    item.style.setProperty("--height", `${place.height}px`);
  });
}

/** A phone has two columns; a row is as high as its higher picture needs. */
function columns(width, gap) {
  const each = Math.floor((width - gap) / 2);
  const heights = laid.map((hit) => Math.min(each * 1.4, each / ratioOf(hit)));
  return laid.map((_, at) => {
    const first = at - (at % 2);
    return { width: each, height: Math.round(Math.max(56, heights[first], heights[first + 1] ?? 0)) };
  });
}
