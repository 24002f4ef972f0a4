// The results: asks for them when the state changes, draws them, and fetches more while scrolling.

import { showCompare } from "../compare/compare.js";
import { element, fill } from "../element.js";
import { showFacets } from "../facets/panel.js";
import { noGoodMatch, nothingFound, uploadsGone } from "../messages/empty.js";
import { busy, clearProblem, notes, showProblem, status } from "../messages/messages.js";
import { watchFilling } from "../messages/filling.js";
import { showsPictures } from "../server/indexes.js";
import { conflated, Latest } from "../server/latest.js";
import { search, searching } from "../server/requests.js";
import { onChange, state } from "../state/state.js";
import { startActions } from "./actions.js";
import { cutOffLine, lineAt } from "./cut_off.js";
import { append, emptyGrid, layOut, resize } from "./grid.js";
import { again as known, remember } from "./history.js";
import { whenNear } from "./scrolling.js";
import { startSelection } from "./select.js";
import { painted } from "./timing.js";

const QUERY = [
  "index",
  "words",
  "not",
  "like",
  "unlike",
  "crops",
  "uploads",
  "near",
  "kind",
  "weight",
  "filters",
  "sort",
  "cut",
  "group",
];
const place = document.getElementById("results");
const latest = new Latest();
const further = new Latest();
let shown = null; // {answer, hits, fetched: rows asked for so far, top: where one has scrolled to, compared: whether side by side}
let stopWatching = () => {};

export function startResults() {
  startSelection(hitsShown);
  startActions(place, hitsShown);
  onChange(changed);
  new ResizeObserver(() => layOut()).observe(place);
}

export const hitsShown = () => shown?.hits ?? [];

const rerank = conflated(() => refresh({ kind: "rerank" }));

function changed(names) {
  const asked = QUERY.filter((name) => names.has(name));
  const other = names.has("view") && (comparing() || !shown || shown.compared);
  if (shown && (asked.length || other)) shown.top = scrollY; // for the way back
  if (names.back && (asked.length || names.has("view")) && !comparing() && known(state)) draw(known(state));
  else if (asked.length === 1 && asked[0] === "weight" && !other) rerank();
  else if (asked.length || other) refresh();
  else if (names.has("view")) redraw();
  else if (names.has("size") && !comparing() && hitsShown().length) resize();
}

/** Ask again for what the state says, and show it. */
export async function refresh({ kind = "search" } = {}) {
  const began = performance.now();
  further.stop();
  busy(true);
  try {
    const done = await latest.run((signal) =>
      comparing() ? showCompare(signal) : search(0, signal, kind === "rerank" ? { facets: false, of: shown?.answer.search } : {}),
    );
    if (!done) return;
    busy(false);
    clearProblem();
    if (comparing()) compared(done.value);
    else {
      const facets = kind === "rerank" ? shown?.answer.facets : done.value.facets;
      const { hits } = done.value;
      draw({ answer: { ...done.value, facets }, hits, fetched: hits.length, top: kind === "rerank" ? null : 0 });
    }
    painted(kind, began);
  } catch (problem) {
    busy(false);
    showProblem(problem, () => refresh());
  }
}

export const comparing = () => state.view === "compare" && Boolean(state.words) && !state.near;

function compared({ view, answer, hits }) {
  stopWatching();
  shown = { answer, hits, compared: true };
  fill(place, view);
  view.dispatchEvent(new Event("shown"));
  status(answer);
  showFacets(answer.facets);
}

/** Show an answer with the hits fetched so far; a `top` of null leaves the page where it is scrolled to. */
function draw(next) {
  const { answer, hits, top } = next;
  stopWatching();
  shown = next;
  remember(state, shown);
  status(answer);
  notes([
    ...(answer.notes ?? []),
    ...(showsPictures() ? [] : ["Pictures are not shown: start clipseek serve with --pictures FOLDER."]),
  ]);
  showFacets(answer.facets);
  watchFilling(answer.documents, refresh);
  const gone = uploadsGone();
  if (!hits.length) fill(place, gone, nothingFound(answer));
  else {
    const end = element("div", { class: "end" });
    const grid = emptyGrid();
    fill(place, gone, searching() && !state.sort ? noGoodMatch(answer, hits) : null, grid, end);
    append(hits);
    drawLine();
    stopWatching = whenNear(end, fetchMore);
  }
  if (top !== null) scrollTo({ top });
}

function redraw() {
  if (shown && !shown.compared) draw({ ...shown, top: null });
}

/** The next page; answers whether there may be more. */
export async function fetchMore() {
  if (!fetchMore.left()) return false;
  const before = shown;
  try {
    const done = await further.run((signal) => search(before.fetched, signal, { of: before.answer.search }));
    if (!done || shown !== before) return false;
    // The next page may rank deeper: what it has again is shown already.
    const fresh = done.value.hits.filter((hit) => !shown.hits.some((other) => other.id === hit.id));
    shown.fetched += done.value.hits.length;
    shown.hits.push(...fresh);
    append(fresh);
    drawLine();
    return done.value.hits.length > 0;
  } catch (problem) {
    showProblem(problem, () => refresh());
    return false;
  }
}

/** Whether there are hits that paging can still reach. */
fetchMore.left = () => Boolean(shown) && !shown.compared && shown.fetched < (shown.answer.reachable ?? shown.answer.matched);

/** Where the cut-off line belongs; not where hits stand in another order than their relevance, nor where none is above it. */
function drawLine() {
  const grid = document.getElementById("hits");
  grid.querySelector(".cut-off")?.remove();
  const at = state.sort ? null : lineAt(shown.hits);
  const items = grid.querySelectorAll(".hit");
  if (at) grid.insertBefore(cutOffLine(shown.answer.cutoff), items[at] ?? null);
}
