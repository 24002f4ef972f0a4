// What is asked of the API for a state.

import { written } from "../state/filters.js";
import { state } from "../state/state.js";
import { current, declared, logging, originalOf, path } from "./indexes.js";
import { get, post } from "./server.js";
import { fileOf } from "./uploads.js";

export const PAGE = 60;

/** Whether the state has something to search with; without, the index is browsed. */
export const searching = () => Boolean(state.words || state.not.length || hasPictures());

/** Whether caption and vector can both take part. */
export const hasWords = () => Boolean(state.words);

const uploads = () => state.uploads.filter(({ key }) => fileOf(key));

/** Columns with a few values each: what facets count. */
export const facetFields = () =>
  declared()
    .filter(({ kind }) => kind === "keyword")
    .map(({ name }) => name)
    .slice(0, 10);

/** The body of a search of the state, without page and facets. `kind` instead of the state's, for the side by side. */
export function query(kind = state.kind) {
  const captions = hasWords() && kind === "caption"; // pictures take no part in these
  const own = uploads();
  const pictures = own.map(({ weight }, upload) => ({ upload, weight }));
  const crops = state.crops.map(({ box, weight }, at) => ({ upload: own.length + at, crop: box, weight }));
  return {
    text: state.words || undefined,
    not: state.not.length ? state.not : undefined,
    like: state.like.length && !captions ? state.like : undefined,
    unlike: state.unlike.length && !captions ? state.unlike.map((id) => ({ id })) : undefined,
    pictures: captions ? [] : [...pictures, ...crops],
    kind: (hasWords() && kind) || undefined,
    fusion: hasWords() && state.weight !== null ? { weight: state.weight } : undefined,
    ...written(state.filters),
    sort: state.sort || undefined,
    group: state.group === "none" ? undefined : state.group,
    min_cosine: cutOff(kind),
  };
}

/** Captions alone have no cosines to cut at; what calibrate learnt holds for words alone. */
function cutOff(kind) {
  if (!searching() || state.cut === "none" || (hasWords() && kind === "caption")) return undefined;
  if (state.cut !== "auto") return state.cut;
  return current().calibration && wordsAlone() ? "auto" : undefined;
}

/** Whether pictures are searched with, of the person or of the index. */
export const hasPictures = () => Boolean(state.like.length || state.unlike.length || state.crops.length || uploads().length);

/** Whether nothing but words is searched with. */
export const wordsAlone = () => hasWords() && !state.not.length && !hasPictures();

/** The files of `query().pictures`: those of the person, then those of the index of which a part is searched by. */
async function files(signal, kind = state.kind) {
  if (hasWords() && kind === "caption") return [];
  return [...uploads().map(({ key }) => fileOf(key)), ...(await Promise.all(state.crops.map(({ id }) => pictureOf(id, signal))))];
}

async function pictureOf(id, signal) {
  const address = originalOf(id);
  if (!originals.has(address)) originals.set(address, await get(address, signal));
  return originals.get(address);
}

const originals = new Map();

/**
 * One page of hits, each with the id of its search where that is logged. Facets come with the first. `of`: the id of the search of
 * which this is another page or weight; `log`: whether it may be logged.
 */
export async function search(start, signal, { kind, size = PAGE, facets = start === 0, of, log = true } = {}) {
  const logged = logging() ? { search: of ?? undefined, log } : {};
  const answer = state.near
    ? await post(path("similar"), { id: state.near, near: true, start, size, filters: written(state.filters).filters, ...logged }, signal)
    : await post(path("search"), { ...query(kind), start, size, facets: facets ? free() : [], ...logged }, signal, await files(signal, kind));
  for (const hit of answer.hits) hit.search = answer.search;
  return answer;
}

const free = () => facetFields().filter((field) => !state.filters[field]?.values);

/** Counts of a field whose values filter already: over what the other filters leave, so that more values can be added. */
export async function facetOf(field, signal) {
  const body = { ...query(), ...written(state.filters, field), facets: [field] };
  const answer = await post(path("facets"), body, signal, await files(signal));
  return answer.facets[field] ?? [];
}

/** How the score of one hit came about. */
export async function explain(hit, signal) {
  const start = Math.max(0, Math.floor(((hit.rank ?? 1) - 1) / PAGE) * PAGE);
  return post(path("explain"), { ...query(), id: hit.id, start, size: PAGE }, signal, await files(signal));
}

/** Neighbours of a picture, by the vectors of the index. Nobody searched for them: they are no part of a log. */
export const similar = (id, signal, size = 16) => post(path("similar"), { id, size, log: false }, signal);
