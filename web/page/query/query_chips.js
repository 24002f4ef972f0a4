// The chips in the box: each picture or unwanted text of the query, with its weight and a way to remove it.

import { element, fill, iconButton } from "../element.js";
import { current, thumbnailOf } from "../server/indexes.js";
import { addressOf, fileOf } from "../server/uploads.js";
import { state, change } from "../state/state.js";
import { short } from "../text.js";

/** Draw one chip for each part of the query but its words. */
export function drawQueryChips(parent) {
  const like = (id) => element("img", { src: current().name ? thumbnailOf(id, 160) : null, alt: "" });
  fill(
    parent,
    state.near
      ? chip("near", [like(state.near), "nearly the same file as ", short(state.near, 24)], () => change({ near: "" }))
      : null,
    state.uploads.map((part, at) => weighted("uploads", part, at, upload(part.key))),
    state.crops.map((part, at) => weighted("crops", part, at, [like(part.id), "part of ", short(part.id, 20)])),
    state.like.map((part, at) => weighted("like", part, at, [like(part.id), "like ", short(part.id, 20)])),
    state.unlike.map((id) =>
      chip("unlike", [like(id), "− unlike ", short(id, 20)], () =>
        change({ unlike: state.unlike.filter((other) => other !== id) }),
      ),
    ),
    state.not.map((words) =>
      chip("not", [`− ${short(words)}`], () => change({ not: state.not.filter((other) => other !== words) })),
    ),
  );
}

function upload(key) {
  const file = fileOf(key);
  return file
    ? [element("img", { src: addressOf(key), alt: "" }), short(file.name || "picture", 20)]
    : [element("span", { class: "gone" }, "a dropped picture, which a link cannot carry: drop it again")];
}

function weighted(name, part, at, shown) {
  const put = (parts) => change({ [name]: parts });
  const weight = element("input", {
    type: "number",
    min: 0.1,
    max: 100,
    step: 0.1,
    value: part.weight,
    class: "weight",
    "aria-label": `weight of ${shown.filter((piece) => typeof piece === "string").join("") || "this picture"}`,
    title: "Weight beside the other pictures",
    onchange: () => {
      const number = Number.parseFloat(weight.value);
      if (number > 0) put(state[name].map((other, place) => (place === at ? { ...other, weight: number } : other)));
    },
  });
  return chip(name, [...shown, element("span", { class: "times", "aria-hidden": "true" }, "×"), weight], () =>
    put(state[name].filter((_, place) => place !== at)),
  );
}

function chip(kind, shown, remove) {
  const text =
    shown
      .filter((piece) => typeof piece === "string")
      .join("")
      .trim() || "this picture";
  return element("span", { class: `chip query ${kind}` }, shown, iconButton("close", `Remove ${text}`, remove));
}
