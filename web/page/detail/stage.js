// The large picture, with what can be laid over it: a part to search by, and the heat map of the words.

import { element } from "../element.js";
import { originalOf, showsPictures, sizeFor, thumbnailOf } from "../server/indexes.js";
import { nameOf } from "../results/hit_picture.js";
import { cropTool } from "./crop.js";
import { heatMap } from "./heat_map.js";

/** A picture wider or higher than this comes as a thumbnail: the original may be many megabytes. */
const LARGE = 1280;

export function stage(hit) {
  if (!showsPictures())
    return element("p", { class: "soft" }, "Pictures are not shown: start clipseek serve with --pictures FOLDER.");
  const large = (hit.width ?? 0) > LARGE || (hit.height ?? 0) > LARGE;
  const image = element("img", {
    src: large ? thumbnailOf(hit.id, sizeFor(LARGE)) : originalOf(hit.id),
    alt: nameOf(hit),
    width: hit.width || null,
    height: hit.height || null,
    draggable: "false",
    onerror: () =>
      image.replaceWith(element("p", { class: "lost" }, "The picture is not found at the place where it was when it was indexed.")),
  });
  const frame = element("div", { class: "frame" }, image);
  if (hit.width && hit.height) {
    frame.style.setProperty("--ratio", hit.width / hit.height);
    // A small picture is drawn larger, at most four times.
    frame.style.setProperty("--widest", `${hit.width * 4}px`);
  }
  const tool = cropTool(hit, frame);
  return element("div", { class: "stage" }, frame, element("div", { class: "tools" }, tool, heatMap(hit, frame)));
}
