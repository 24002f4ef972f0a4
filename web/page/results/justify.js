// Rows of whole pictures, justified to the width. Pure.

/** Rows come out between these times the wanted height; what would be higher is left ragged. */
const LOWEST = 0.78;
const HIGHEST = 1.3;
/** A panorama that fills the width alone is at least so high, in pixels. */
const LEAST_HEIGHT = 64;

/**
 * Where each picture goes: rows of {width, height}, which fill `width` with `gap` between places.
 *
 * ratios: width / height of each picture. height: wanted of a row. least: no place is narrower, so that its caption can be read; a
 * picture narrower than its place is shown whole in it.
 */
export function justified(ratios, width, height, gap, least) {
  const rows = [];
  for (let start = 0; start < ratios.length; start += rows.at(-1).length)
    rows.push(rowFrom(ratios, start, width, height, gap, least));
  return rows;
}

function rowFrom(ratios, start, width, height, gap, least) {
  if (ratios[start] >= width / height) return [{ width, height: Math.round(Math.max(LEAST_HEIGHT, width / ratios[start])) }];
  const narrowest = Math.min(least, width) / height;
  const chosen = [];
  let sum = 0;
  for (const ratio of ratios.slice(start, start + 64)) {
    const wide = Math.max(narrowest, ratio);
    if (chosen.length && (width - gap * chosen.length) / (sum + wide) < height * LOWEST) break;
    chosen.push(wide);
    sum += wide;
    if (width - gap * (chosen.length - 1) <= sum * height) break;
  }
  const room = width - gap * (chosen.length - 1);
  const filled = room / sum <= height * HIGHEST;
  const scale = filled ? room / sum : height;
  const row = chosen.map((ratio) => ({ width: Math.floor(ratio * scale), height: Math.round(scale) }));
  if (filled) row.at(-1).width += Math.floor(room - row.reduce((total, place) => total + place.width, 0));
  return row;
}
