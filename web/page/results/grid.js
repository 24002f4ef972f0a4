// The grid and the list: the same hits, laid out in justified rows, or one below the other with whole captions.

import { element } from "../element.js";
import { sizeFor } from "../server/indexes.js";
import { state } from "../state/state.js";
import { hitItem } from "./hit.js";
import { ratioOf } from "./hit_picture.js";
import { justified } from "./justify.js";

const HEIGHTS = [80, 116, 160, 224, 320];
const GAP = 16;
const PHONE_GAP = 8;

let list = null;
let laid = [];
let row = 0; // where the last row begins: further hits may join it

/** An empty list for hits. */
export function emptyGrid() {
  list = element("ul", { class: `hits ${state.view === "list" ? "list" : "grid"}`, id: "hits" });
  laid = [];
  row = 0;
  return list;
}

/** Put hits behind those that are there. */
export function append(hits) {
  laid.push(...hits);
  list.append(...hits.map((hit) => hitItem(hit, side())));
  layOut(row);
}

const narrow = () => list.clientWidth < 560;
const rowHeight = () => HEIGHTS[Math.min(state.size, HEIGHTS.length) - 1];
/** What a thumbnail must fill: a place may be wider than high, and rows higher than wanted. */
const side = () => rowHeight() * (state.view === "list" ? 1 : 1.34);

/** Give the hits from one on their places; all of them again when the width changes. */
export function layOut(from = 0) {
  if (!list?.isConnected) return;
  list.style.setProperty("--side", `${rowHeight()}px`);
  if (state.view === "list") {
    for (const item of list.children) item.style.width = "";
    return;
  }
  const gap = narrow() ? PHONE_GAP : GAP;
  list.style.setProperty("--gap", `${gap}px`);
  const width = Math.floor(list.clientWidth);
  const ratios = laid.slice(from).map(ratioOf);
  const rows = narrow() ? columns(ratios, width, gap) : justified(ratios, width, rowHeight(), gap, 104);
  const items = [...list.querySelectorAll(".hit")].slice(from);
  rows.flat().forEach((place, at) => {
    items[at].style.width = `${place.width}px`;
    items[at].style.setProperty("--height", `${place.height}px`);
  });
  row = laid.length - (rows.at(-1)?.length ?? 0);
}

/** The same hits in another size: their places, and larger thumbnails where those that are there would be stretched. */
export function resize() {
  layOut();
  const wanted = sizeFor(side());
  for (const image of list.querySelectorAll("img")) {
    const address = new URL(image.src);
    if (Number(address.searchParams.get("size")) >= wanted) continue;
    address.searchParams.set("size", wanted);
    image.src = address;
  }
}

/** A phone has two columns; a row is as high as its higher picture needs. */
function columns(ratios, width, gap) {
  const each = Math.floor((width - gap) / 2);
  const rows = [];
  for (let at = 0; at < ratios.length; at += 2) {
    const pair = ratios.slice(at, at + 2);
    const height = Math.round(Math.max(56, ...pair.map((ratio) => Math.min(each * 1.4, each / ratio))));
    rows.push(pair.map(() => ({ width: each, height })));
  }
  return rows;
}
