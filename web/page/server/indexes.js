// The indexes that the server has, and the one that is searched.

import { state } from "../state/state.js";
import { get } from "./server.js";

let known = { default: "", indexes: [] };

/** Ask the server again. */
export async function loadIndexes(signal) {
  known = await get("api/v1/indexes", signal);
  return known.indexes;
}

export const indexes = () => known.indexes;

/** The one that is searched: its name is the state's, or the server's default. */
export function current() {
  const { indexes: all } = known;
  const found =
    all.find((index) => index.name === state.index) ??
    (state.index ? null : (all.find((index) => index.name === known.default) ?? all[0]));
  return found ?? { name: state.index, fields: [], fusion: null, calibration: null, documents: null };
}

/** The columns that were declared at ingest; the others every picture has. */
export const declared = () => current().fields.filter(({ own }) => !own);

/** Whether the server shows pictures: its operator named their folders. */
export const showsPictures = () => known.pictures !== false;

/** {days} where the server logs searches, else null. */
export const logging = () => known.logging ?? null;

/** Path of `what` of the current index. */
export const path = (what) => `api/v1/indexes/${encodeURIComponent(current().name)}/${what}`;

/** Where a picture is shown from. `hit` has an address of its own, below the page's. */
export const thumbnailOf = (id, size) =>
  `thumbnails/${encodeURIComponent(current().name)}?id=${encodeURIComponent(id)}&size=${size}`;
export const originalOf = (id, download = false) =>
  `pictures/${encodeURIComponent(current().name)}?id=${encodeURIComponent(id)}${download ? "&download=1" : ""}`;

const SIZES = [160, 320, 640, 1280];

/** The smallest thumbnail that fills so many pixels of the page. */
export function sizeFor(pixels) {
  const wanted = pixels * Math.min(window.devicePixelRatio || 1, 2);
  return SIZES.find((size) => size >= wanted * 0.9) ?? SIZES.at(-1);
}
