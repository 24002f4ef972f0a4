// The pictures nearest to one, by their vectors, in a strip.

import { element, fill } from "../element.js";
import { hitPicture, nameOf } from "../results/hit_picture.js";
import { Latest } from "../server/latest.js";
import { similar } from "../server/requests.js";

const latest = new Latest();

export function neighbours(hit) {
  const strip = element("ul", {});
  const part = element(
    "section",
    { class: "neighbours", "aria-label": "Pictures like this one" },
    element("h3", {}, "Like this one"),
    strip,
  );
  latest
    .run((signal) => similar(hit.id, signal))
    .then(
      (done) =>
        done &&
        fill(
          strip,
          done.value.hits.map((other) => element("li", {}, hitPicture(other, 72, nameOf(other)))),
        ),
    )
    .catch(() => part.remove());
  return part;
}
