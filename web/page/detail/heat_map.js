// Where in the picture the words are, as a layer whose strength can be chosen; for bundles that have a heat map.

import { element } from "../element.js";
import { say } from "../messages/messages.js";
import { current, path } from "../server/indexes.js";
import { post } from "../server/server.js";
import { state } from "../state/state.js";

/** A button that becomes a slider; null where there are no words or the bundle has none. */
export function heatMap(hit, frame) {
  if (!current().heat_map || !state.words) return null;
  const place = element("span", { class: "heat" });
  const button = element("button", { type: "button", onclick: load }, "Show where the words are");
  place.append(button);

  async function load() {
    button.disabled = true;
    try {
      const map = await post(path("heatmap"), { id: hit.id, text: state.words });
      const layer = element("img", {
        class: "heat-map",
        src: URL.createObjectURL(map),
        alt: "",
        onload: () => URL.revokeObjectURL(layer.src),
      });
      const strength = element("input", {
        type: "range",
        min: 0,
        max: 1,
        step: 0.05,
        value: 0.6,
        oninput: () => (layer.style.opacity = strength.value),
      });
      layer.style.opacity = "0.6";
      square(layer, hit);
      frame.append(layer);
      place.replaceChildren(element("label", {}, "heat map ", strength));
    } catch (problem) {
      button.disabled = false;
      say(problem.message);
    }
  }
  return place;
}

/** The map is of the square in the middle of the picture, which is what the model sees. */
function square(layer, { width, height }) {
  const ratio = width && height ? width / height : 1;
  const [wide, high] = ratio > 1 ? [1 / ratio, 1] : [1, ratio];
  Object.assign(layer.style, {
    width: `${100 * wide}%`,
    height: `${100 * high}%`,
    left: `${50 * (1 - wide)}%`,
    top: `${50 * (1 - high)}%`,
  });
}
