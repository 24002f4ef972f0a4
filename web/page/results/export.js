// Ids and paths of hits, for other programs.

import { say } from "../messages/messages.js";
import { element } from "../element.js";
import { several } from "../text.js";

/** Where a picture's file is: the path of a file of the server's machine, else (in an archive, say) its address. */
export function pathOf(uri) {
  try {
    return uri.startsWith("file://") && !uri.includes("#") ? decodeURIComponent(uri.slice("file://".length)) : uri;
  } catch {
    return uri; // no text when it is decoded
  }
}

/** Copy one thing a line; `thing` names them. */
export async function copyLines(lines, thing) {
  const text = `${lines.join("\n")}\n`;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyBySelection(text); // plain http to another machine has no clipboard
  }
  say(`${several(lines.length, thing)} copied`);
}

/** Download the hits as JSONL: one {"id", "image", "caption", ...metadata} a line, which ingest and train read as a manifest. */
export function downloadLines(hits) {
  const lines = hits.map(({ id, uri, caption, metadata }) => JSON.stringify({ ...metadata, id, image: pathOf(uri), caption }));
  const address = URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "application/jsonl" }));
  element("a", { href: address, download: "pictures.jsonl" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

function copyBySelection(text) {
  const area = element("textarea", { class: "offscreen", "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
