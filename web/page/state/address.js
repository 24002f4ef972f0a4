// The state as the part of the address behind "?", and back. Pure.

/** What the page shows first: every picture of the first index. */
export const START = Object.freeze({
  index: "", // "": the server's first
  words: "",
  not: [], // words
  like: [], // {id, weight}
  unlike: [], // ids
  crops: [], // {id, box: [x, y, width, height] as fractions, weight}
  uploads: [], // {key, weight}: pictures dropped, pasted or chosen; a link cannot carry them
  near: "", // id: the pictures that are nearly the same file
  kind: "", // "": the server's choice; caption, vector, hybrid
  weight: null, // share of the vector, 0 to 1; null: the index's own
  filters: {}, // field: {values: [...]} or {from, to}
  sort: "", // field:asc or field:desc; "": relevance
  cut: "auto", // auto, none, or a cosine
  group: "none", // none, duplicates, near
  view: "grid", // grid, list, compare
  size: 3, // of the pictures, 1 to 5
  picture: "", // id of the one in detail
});

const KINDS = ["caption", "vector", "hybrid"];
const GROUPS = ["duplicates", "near"];
const VIEWS = ["list", "compare"];

/** The state in an address. What cannot be read there is as at the start. */
export function read(search) {
  const given = new URLSearchParams(search);
  const one = (name) => given.get(name) ?? "";
  const among = (name, known, otherwise) => (known.includes(one(name)) ? one(name) : otherwise);
  const between = (name, low, high) => {
    const number = Number.parseFloat(one(name));
    return number >= low && number <= high ? number : null;
  };
  return {
    index: one("index"),
    words: one("q"),
    not: given.getAll("not").filter(Boolean),
    like: given
      .getAll("like")
      .map(weighted)
      .map(([id, weight]) => ({ id, weight })),
    unlike: given.getAll("unlike").filter(Boolean),
    crops: given.getAll("crop").map(readCrop).filter(Boolean),
    uploads: given
      .getAll("upload")
      .map(weighted)
      .map(([key, weight]) => ({ key, weight })),
    near: one("near"),
    kind: among("kind", KINDS, ""),
    weight: between("weight", 0, 1),
    filters: readFilters(given),
    sort: one("sort"),
    cut: one("cut") === "none" ? "none" : (between("cut", -1, 1) ?? "auto"),
    group: among("group", GROUPS, "none"),
    view: among("view", VIEWS, "grid"),
    size: between("size", 1, 5) ?? START.size,
    picture: one("picture"),
  };
}

/** The address of a state: "?" and what differs from the start. */
export function write(state) {
  const parts = new URLSearchParams();
  const put = (name, value, start) => value !== start && parts.append(name, value);
  put("index", state.index, "");
  put("q", state.words, "");
  for (const words of state.not) parts.append("not", words);
  for (const { id, weight } of state.like) parts.append("like", joined(id, weight));
  for (const id of state.unlike) parts.append("unlike", id);
  for (const { id, box, weight } of state.crops) parts.append("crop", `${box.map(rounded).join(",")},${weight}@${id}`);
  for (const { key, weight } of state.uploads) parts.append("upload", joined(key, weight));
  put("near", state.near, "");
  put("kind", state.kind, "");
  put("weight", state.weight, null);
  for (const [field, { values, from, to }] of Object.entries(state.filters)) {
    for (const value of values ?? []) parts.append(`is.${field}`, value);
    if (from) parts.append(`from.${field}`, from);
    if (to) parts.append(`to.${field}`, to);
  }
  for (const name of ["sort", "cut", "group", "view", "size", "picture"]) put(name, state[name], START[name]);
  return `?${parts}`;
}

const rounded = (fraction) => Math.round(fraction * 10000) / 10000;
const joined = (id, weight) => `${id}@${weight}`;

/** Of "id@2": the id may have an @ of its own. */
function weighted(text) {
  const at = text.lastIndexOf("@");
  const weight = Number.parseFloat(text.slice(at + 1));
  return at > 0 && weight > 0 ? [text.slice(0, at), weight] : [text, 1];
}

function readCrop(text) {
  const at = text.indexOf("@");
  const numbers = text.slice(0, at).split(",").map(Number);
  const inside = numbers.length === 5 && numbers.every((number) => number >= 0) && numbers[2] > 0 && numbers[3] > 0;
  return at > 0 && inside ? { id: text.slice(at + 1), box: numbers.slice(0, 4), weight: numbers[4] || 1 } : null;
}

function readFilters(given) {
  const filters = {};
  for (const [name, value] of given) {
    const [, how, field] = /^(is|from|to)\.(.+)$/s.exec(name) ?? [];
    if (!how || !value) continue;
    filters[field] ??= how === "is" ? { values: [] } : {};
    if (how === "is") (filters[field].values ??= []).push(value);
    else filters[field][how] = value;
  }
  return filters;
}
