// Above the results: order, cut-off, one of each group, view and size.

import { element, fill } from "../element.js";
import { current, declared } from "../server/indexes.js";
import { searching, wordsAlone } from "../server/requests.js";
import { state, change, onChange } from "../state/state.js";
import { score, visible } from "../text.js";

const by = (id) => document.getElementById(id);
const OWN_FIELDS = { "ingested_at:desc": "newest in the index", "ingested_at:asc": "oldest in the index", "width:desc": "widest" };

export function startToolbar() {
  by("sort").addEventListener("change", (event) => change({ sort: event.target.value }));
  by("cut").addEventListener("change", (event) => chooseCut(event.target.value));
  by("cut-own").addEventListener("change", (event) => change({ cut: event.target.valueAsNumber || 0 }));
  by("group").addEventListener("change", (event) => change({ group: event.target.value }));
  by("size").addEventListener("input", (event) => change({ size: event.target.valueAsNumber }, { replace: true }));
  for (const view of document.querySelectorAll("#views input")) view.addEventListener("change", () => change({ view: view.value }));
  onChange(drawToolbar);
}

function chooseCut(chosen) {
  change({ cut: chosen === "own" ? (current().calibration?.cosine ?? 0.25) : chosen });
  if (chosen === "own") by("cut-own").focus();
}

export function drawToolbar() {
  drawSort();
  drawCut();
  by("group").value = state.group;
  by("group").closest("label").hidden = Boolean(state.near);
  by("size").valueAsNumber = state.size;
  by("size").hidden = state.view !== "grid";
  for (const view of document.querySelectorAll("#views input")) {
    view.checked = view.value === state.view;
    view.disabled = view.value === "compare" && !state.words;
  }
}

function drawSort() {
  const fields = declared().flatMap(({ name, kind }) =>
    kind === "keyword"
      ? [[`${name}:asc`, visible(name)]]
      : [
          [`${name}:desc`, `${visible(name)}, highest first`],
          [`${name}:asc`, `${visible(name)}, lowest first`],
        ],
  );
  const choices = [["", searching() ? "relevance" : "newest first"], ...fields, ...Object.entries(OWN_FIELDS)];
  if (!choices.some(([value]) => value === state.sort)) choices.push([state.sort, state.sort]);
  fill(
    by("sort"),
    choices.map(([value, text]) => element("option", { value, selected: value === state.sort }, text)),
  );
  by("sort").closest("label").hidden = Boolean(state.near);
}

function drawCut() {
  const learnt = wordsAlone() ? current().calibration : null;
  const own = typeof state.cut === "number";
  const choices = [
    ["auto", learnt ? `auto (${score(learnt.cosine, 2)})` : "none"],
    ...(learnt ? [["none", "none"]] : []),
    ["own", "cosine …"],
  ];
  fill(
    by("cut"),
    choices.map(([value, text]) => element("option", { value, selected: value === (own ? "own" : state.cut) }, text)),
  );
  by("cut-own").hidden = !own;
  if (own) by("cut-own").valueAsNumber = state.cut;
  by("cut").closest(".choice").hidden = !searching() || Boolean(state.near);
}
