// The picture of a hit in a place of known size: nothing moves when it arrives.

import { element } from "../element.js";
import { OWN } from "../query/drop.js";
import { showsPictures, sizeFor, thumbnailOf } from "../server/indexes.js";
import { addressOf } from "../state/state.js";
import { short } from "../text.js";

/** Width over height; 1 where the index does not know. */
export const ratioOf = (hit) => (hit.width > 0 && hit.height > 0 ? hit.width / hit.height : 1);

/** A link to the picture's detail with the picture in it; `side`: of its place, in pixels of the page. */
export function hitPicture(hit, side, label) {
  return element(
    "a",
    {
      class: "picture",
      href: addressOf({ picture: hit.id }),
      "aria-label": label,
      draggable: "true",
      ondragstart: (event) => {
        event.dataTransfer.setData(OWN, hit.id);
        event.dataTransfer.setData("text/plain", hit.id);
      },
    },
    showsPictures() ? thumbnail(hit, side) : element("span", { class: "lost" }, short(hit.id, 40)),
  );
}

function thumbnail(hit, side) {
  const image = element("img", {
    src: thumbnailOf(hit.id, sizeFor(side)),
    alt: "",
    loading: "lazy",
    decoding: "async",
    draggable: "false",
    width: hit.width || null,
    height: hit.height || null,
    onerror: () => image.replaceWith(element("span", { class: "lost" }, "picture not found")),
  });
  // A small picture is shown at twice its size at most.
  if (hit.width) image.style.maxWidth = `min(100%, ${hit.width * 2}px)`;
  if (hit.height) image.style.maxHeight = `min(100%, ${hit.height * 2}px)`;
  return image;
}

/** What a screen reader says of a hit. */
export const nameOf = (hit) => short(hit.caption, 200) || `picture ${short(hit.id, 60)}`;
