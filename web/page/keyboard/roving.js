// The focus among the hits: one of them is reached by Tab, arrows go to the others.

let current = null;

/** Keep the hit that has the focus the one that Tab reaches, with its buttons. */
export function startRoving(place) {
  place.addEventListener("focusin", (event) => {
    const item = event.target.closest(".hit");
    if (item) take(item);
  });
  new MutationObserver(() => current?.isConnected || take(place.querySelector(".hit"))).observe(place, {
    childList: true,
    subtree: true,
  });
}

function take(item) {
  if (current !== item) reach(current, -1);
  current = item;
  reach(current, 0);
}

function reach(item, tabindex) {
  for (const part of item?.querySelectorAll(".picture, .tick, .actions button") ?? []) part.tabIndex = tabindex;
}

/** The <li> that has the focus, or null. */
export const focused = () => document.activeElement?.closest?.("#results .hit") ?? null;

/** Focus the hit of this id, or the first. */
export function focusHit(id) {
  const items = all();
  focus(items.find((item) => item.dataset.id === id) ?? items[0]);
}

const all = () => [...document.querySelectorAll("#results .hit")];
const focus = (item) => item?.querySelector(".picture")?.focus();

/** Go to the neighbour in the direction of an arrow key; up and down to the nearest in the next row. */
export function go(key) {
  const items = all();
  const at = items.indexOf(focused());
  if (at < 0) return focus(items[0]);
  if (key === "ArrowLeft" || key === "ArrowRight") return focus(items[at + (key === "ArrowRight" ? 1 : -1)]);
  if (key === "Home" || key === "End") return focus(key === "Home" ? items[0] : items.at(-1));
  return focus(vertical(items, at, key === "ArrowDown" ? 1 : -1));
}

function vertical(items, at, by) {
  const here = items[at].getBoundingClientRect();
  const middle = here.left + here.width / 2;
  let best = null;
  for (let next = at + by; items[next]; next += by) {
    const there = items[next].getBoundingClientRect();
    if (Math.abs(there.top - here.top) < 4) continue;
    const off = Math.abs(there.left + there.width / 2 - middle);
    if (best && Math.abs(there.top - best.top) >= 4) break;
    if (!best || off < best.off) best = { item: items[next], off, top: there.top };
  }
  return best?.item;
}
