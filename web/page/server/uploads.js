// Pictures that were dropped, pasted or chosen: files in this tab's memory, by a key that the state names.

const files = new Map();
const addresses = new Map();

/** Keep a file; its key is the beginning of its content's hash, so that one picture has one key. */
export async function keep(file) {
  const key = await digest(file);
  files.set(key, file);
  return key;
}

export const fileOf = (key) => files.get(key);

/** An address that shows it, for an <img>. */
export function addressOf(key) {
  if (!addresses.has(key) && files.has(key)) addresses.set(key, URL.createObjectURL(files.get(key)));
  return addresses.get(key) ?? "";
}

async function digest(file) {
  const bytes = await file.arrayBuffer();
  if (!crypto.subtle) return `f${files.size + 1}${Math.random().toString(36).slice(2, 8)}`; // plain http to another machine
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...hash.slice(0, 6)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
