// An index that is being filled: its new pictures are shown as they come.

import { current, loadIndexes } from "../server/indexes.js";
import { element, fill } from "../element.js";
import { searching } from "../server/requests.js";
import { several } from "../text.js";

const EVERY = 5000;
const WATCHED = 3; // looks without a change, then it is taken to be full
const line = document.getElementById("filling");
let seen = { name: "", documents: null };
let timer = 0;
let quiet = 0;

/** Called with each answer's number of pictures. Looks again while it grows, or while the index is empty. */
export function watchFilling(documents, refresh) {
  const { name } = current();
  const grew = name === seen.name && seen.documents !== null && documents > seen.documents;
  seen = { name, documents };
  quiet = grew ? 0 : quiet;
  clearTimeout(timer);
  fill(line, grew ? element("span", {}, `This index is being filled: ${several(documents, "picture")} so far.`) : null);
  if (grew || documents === 0) timer = setTimeout(() => look(refresh), EVERY);
}

async function look(refresh) {
  const known = await loadIndexes().catch(() => []);
  const now = known.find((index) => index.name === seen.name)?.documents ?? 0;
  if (now !== seen.documents && (seen.documents === 0 || !searching())) return refresh();
  quiet = now === seen.documents ? quiet + 1 : 0;
  if (now !== seen.documents) watchFilling(now, refresh);
  else if (now === 0 || quiet < WATCHED) timer = setTimeout(() => look(refresh), EVERY);
  else fill(line);
}
