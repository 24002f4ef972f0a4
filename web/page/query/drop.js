// Pictures that come from outside: dropped anywhere on the page, pasted anywhere, or chosen.

import { keep } from "../server/uploads.js";
import { state, change } from "../state/state.js";
import { say } from "../messages/messages.js";
import { short } from "../text.js";

const KNOWN = /\.(jpe?g|png|gif|webp|tiff?|bmp|avif|jp2|ppm|pgm)$/i;
const CAN = "Pictures can be searched by: JPEG, PNG, WebP, GIF, TIFF, BMP";
/** Type of what is dragged when a hit of the page is: its id. */
export const OWN = "application/x-clipseek-id";

const target = document.getElementById("drop");
const words = document.getElementById("words");

export function startDrop() {
  addEventListener("dragenter", (event) => show(event));
  addEventListener("dragover", (event) => show(event));
  addEventListener("dragleave", (event) => event.relatedTarget === null && hide());
  addEventListener("drop", dropped);
  addEventListener("paste", pasted);
}

/** Search by these files too. What is no picture is named, and what can be done instead. */
export async function addFiles(files) {
  const pictures = files.filter(isPicture);
  const others = files.filter((file) => !isPicture(file));
  if (others.length) say(`${others.map((file) => short(file.name, 30)).join(", ")}: no picture. ${CAN}.`);
  if (!pictures.length) return;
  const keys = await Promise.all(pictures.map(keep));
  const fresh = keys.filter((key, at) => keys.indexOf(key) === at && !state.uploads.some((other) => other.key === key));
  const uploads = [...state.uploads, ...fresh.map((key) => ({ key, weight: 1 }))];
  change({ uploads, words: words.value.trim(), near: "", picture: "" }); // with what is typed already
}

const isPicture = (file) => (file.type.startsWith("image/") && !file.type.includes("svg")) || KNOWN.test(file.name);
const carries = (transfer) => transfer.types.includes("Files") || transfer.types.includes(OWN);

function show(event) {
  if (!event.dataTransfer || !carries(event.dataTransfer)) return;
  event.preventDefault();
  target.hidden = false;
}

function hide() {
  target.hidden = true;
}

function dropped(event) {
  hide();
  if (!event.dataTransfer || !carries(event.dataTransfer)) return;
  event.preventDefault();
  const id = event.dataTransfer.getData(OWN);
  if (id) {
    if (!state.like.some((part) => part.id === id)) change({ like: [...state.like, { id, weight: 1 }], near: "", picture: "" });
    return;
  }
  const folders = [...event.dataTransfer.items].some((item) => item.webkitGetAsEntry?.()?.isDirectory);
  if (folders) say("A folder cannot be searched by: drop its pictures. To index a folder: clipseek ingest FOLDER.");
  else addFiles([...event.dataTransfer.files]);
}

function pasted(event) {
  const files = [...(event.clipboardData?.files ?? [])];
  if (files.length) {
    event.preventDefault();
    addFiles(files);
    return;
  }
  const text = event.clipboardData?.getData("text/plain").trim();
  if (text && !event.target.closest?.("input, textarea, select")) {
    event.preventDefault();
    change({ words: text.replace(/\s+/g, " "), near: "", picture: "" });
    words.focus();
  }
}
