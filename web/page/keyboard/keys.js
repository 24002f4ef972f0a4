// What each key does.

import { closeDetail, step } from "../detail/detail.js";
import { lessLike, moreLike, nearlySame } from "../results/actions.js";
import { hitsShown } from "../results/results.js";
import { clearSelection, toggle } from "../results/select.js";
import { change, state } from "../state/state.js";
import { help } from "./help.js";
import { focused, go } from "./roving.js";

const words = document.getElementById("words");
const ARROWS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"];

export function startKeys() {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const act = document.getElementById("help").open ? null : state.picture ? inDetail(event) : onPage(event);
    if (act) {
      event.preventDefault();
      act();
    }
  });
}

const typing = (target) => target.closest?.("textarea, select, input:not([type=checkbox], [type=radio], [type=range])");
const choosing = (target) => target.closest?.("input[type=radio], input[type=range]");

function inDetail(event) {
  if (typing(event.target) || choosing(event.target)) return null;
  const { picture: id } = state;
  return {
    ArrowLeft: () => step(-1),
    ArrowRight: () => step(1),
    m: () => moreLike(id),
    l: () => lessLike(id),
    n: () => nearlySame(id),
    Escape: closeDetail,
    c: crop,
  }[event.key];
}

const crop = () => document.querySelector("#detail [data-name=crop]")?.click();

function onPage(event) {
  const { key, target, shiftKey } = event;
  if (target === words && key === "ArrowDown" && hitsShown().length) return () => go(key);
  if (key === "Escape") return typing(target) ? () => target.blur() : clearSelection() ? () => {} : null;
  if (typing(target)) return null;
  if (ARROWS.includes(key) && !choosing(target) && (focused() || (key === "ArrowDown" && target === document.body)))
    return () => go(key);
  return ANYWHERE[key] ?? onHit(key, shiftKey);
}

const ANYWHERE = {
  "/": () => words.select(),
  "?": help,
  1: () => change({ view: "grid" }),
  2: () => change({ view: "list" }),
  3: () => state.words && change({ view: "compare" }),
  "+": () => change({ size: Math.min(5, state.size + 1) }, { replace: true }),
  "-": () => change({ size: Math.max(1, state.size - 1) }, { replace: true }),
};

function onHit(key, shiftKey) {
  const id = focused()?.dataset.id;
  const hit = hitsShown().find((one) => one.id === id);
  if (!hit) return null;
  return {
    m: () => moreLike(id),
    l: () => lessLike(id),
    n: () => nearlySame(id),
    x: () => toggle(hit, false),
    X: () => toggle(hit, shiftKey),
  }[key];
}
