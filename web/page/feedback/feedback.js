// What somebody did with a hit, told to the server where it logs searches; without that, nothing is asked and nothing is shown.

import { iconButton } from "../element.js";
import { say } from "../messages/messages.js";
import { logging, path } from "../server/indexes.js";
import { post } from "../server/server.js";
import { several } from "../text.js";

const thumbs = new Map(); // "search id": "up" or "down"
const MOST = 20; // of hits that are downloaded at once

const told = (hit) => Boolean(logging() && hit?.search);
const key = (hit) => `${hit.search} ${hit.id}`;
const send = (hit, action) => post(path("feedback"), { search: hit.search, id: hit.id, action });

/** Hits were opened or downloaded. What cannot be told is left: nobody waits for it. */
export function used(...hits) {
  for (const hit of hits.filter(told).slice(0, MOST)) send(hit, "click").catch(() => {});
}

/** Buttons by which a hit is called right or wrong; none where nothing is logged. */
export function thumbButtons(hit, written = false) {
  if (!told(hit)) return [];
  return [
    ["up", "A right answer"],
    ["down", "A wrong answer"],
  ].map(([action, name]) => {
    const button = iconButton(action, name, () => press(hit, action), {
      "data-thumb": `${action} ${key(hit)}`,
      "aria-pressed": String(thumbs.get(key(hit)) === action),
    });
    if (written) {
      button.className = "";
      button.append(name);
      button.removeAttribute("aria-label");
    }
    return button;
  });
}

/** A second press takes a thumb back. */
async function press(hit, action) {
  const before = thumbs.get(key(hit));
  const now = before === action ? "none" : action;
  show(hit, now);
  try {
    await send(hit, now);
  } catch (problem) {
    show(hit, before ?? "none");
    say(problem.message);
  }
}

function show(hit, action) {
  if (action === "none") thumbs.delete(key(hit));
  else thumbs.set(key(hit), action);
  for (const button of document.querySelectorAll("[data-thumb]")) {
    const [which, ...of] = button.dataset.thumb.split(" ");
    if (of.join(" ") === key(hit)) button.setAttribute("aria-pressed", String(which === action));
  }
}

/** Says that searches are logged, for how long, and what is not kept. */
export function drawLogging() {
  const line = document.getElementById("logging");
  line.hidden = !logging();
  if (logging()) {
    const days = several(logging().days, "day");
    line.textContent = `Searches, clicks and thumbs here are logged for ${days}: words and hits, never pictures or who searched.`;
  }
}
