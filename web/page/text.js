// Texts and numbers as they are shown.

const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** `text` with control characters as signs that can be seen, so that none acts. */
export function visible(text) {
  return String(text).replace(CONTROL, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? "\u2421" : "\ufffd";
  });
}

/** The beginning of `text`, at most `most` characters. */
export function short(text, most = 40) {
  const characters = [...visible(text)];
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : characters.join("");
}

export const count = (number) => number.toLocaleString("en");
export const percent = (share) => `${Math.round(share * 100)} %`;

/** One thing or several: `several(1, "picture")`, `several(2, "picture")`. */
export const several = (number, thing) => `${count(number)} ${thing}${number === 1 ? "" : "s"}`;

/** A number with as many places as a score needs. */
export const score = (number, places = 3) => number.toFixed(places);

/** A text in pieces, each [text, whether it matched]. `marks`: [start, end] in code points. */
export function pieces(caption, marks) {
  const characters = [...caption];
  const found = [];
  let done = 0;
  for (const [start, end] of marks ?? []) {
    found.push([characters.slice(done, start).join(""), false], [characters.slice(start, end).join(""), true]);
    done = end;
  }
  found.push([characters.slice(done).join(""), false]);
  return found.filter(([text]) => text);
}
