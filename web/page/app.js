// Starts the page: the indexes, then the results, then everything that changes them.

import { startDetail } from "./detail/detail.js";
import { startFacetChips } from "./facets/facet_chips.js";
import { startFacetSheet } from "./facets/sheet.js";
import { drawLogging, used } from "./feedback/feedback.js";
import { startHelp } from "./keyboard/help.js";
import { startKeys } from "./keyboard/keys.js";
import { startRoving } from "./keyboard/roving.js";
import { showProblem } from "./messages/messages.js";
import { drawBox, startBox } from "./query/box.js";
import { startDrop } from "./query/drop.js";
import { drawIndexChoice, startIndexChoice } from "./query/index_choice.js";
import { drawMode, startMode } from "./query/mode.js";
import { hitsShown, refresh, startResults } from "./results/results.js";
import { startTop } from "./results/scrolling.js";
import { drawToolbar, startToolbar } from "./results/toolbar.js";
import { current, loadIndexes } from "./server/indexes.js";
import { change, onChange, state } from "./state/state.js";
import { short } from "./text.js";

history.scrollRestoration = "manual";

function start() {
  startBox();
  startDrop();
  startMode();
  startIndexChoice();
  startFacetChips();
  startFacetSheet();
  startToolbar();
  startTop();
  startHelp();
  startKeys();
  startRoving(document.getElementById("results"));
  startResults();
  document.getElementById("results").addEventListener("click", (event) => {
    const item = event.target.closest("a.picture");
    if (item) used(hitsShown().find((hit) => hit.id === idOf(item)));
    openPicture(event);
  });
  document.getElementById("detail").addEventListener("click", openPicture);
  onChange(title);
  title();
  load(true);
}

/** Ask what indexes there are, then for the results; again where that failed. */
async function load(first) {
  try {
    await loadIndexes();
  } catch (problem) {
    showProblem(problem, () => load(first));
    return;
  }
  drawLogging();
  drawIndexChoice();
  drawBox();
  drawMode();
  drawToolbar();
  document.body.classList.remove("unready");
  if (!current().name) return showProblem({ kind: "index-missing" }, () => load(first));
  await refresh();
  if (first) startDetail();
}

/** A plain click on a picture opens its detail here; with Ctrl and the like the browser opens its address. */
function openPicture(event) {
  const item = event.target.closest("a.picture");
  if (!item || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  change({ picture: idOf(item) }, { replace: Boolean(state.picture) });
}

const idOf = (item) => new URL(item.href).searchParams.get("picture");

function title() {
  document.title = state.words ? `${short(state.words, 60)} – clipseek` : "clipseek";
}

start();
