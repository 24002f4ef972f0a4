// DOM elements made without any HTML: text is only ever text.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. Attributes: `class`, any other by its name; functions are listeners (`onclick`); null and false are left out.
 * Children: nodes, or text; null is left out.
 */
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function drawing(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return made;
}

/** A button that shows an icon of `icons`, with its name for screen readers and as a tooltip. */
export function iconButton(icon, name, onclick, attributes = {}) {
  return element(
    "button",
    { type: "button", class: "icon", "aria-label": name, title: name, onclick, ...attributes },
    picture(icon),
  );
}

/** The icon of the page's own sheet of lines, 16 by 16. */
export function picture(icon) {
  return drawing("svg", { viewBox: "0 0 16 16", class: "line-icon", "aria-hidden": "true" }, drawing("path", { d: ICONS[icon] }));
}

const ICONS = {
  close: "M4 4l8 8M12 4l-8 8",
  more: "M8 3v10M3 8h10",
  less: "M3 8h10",
  near: "M2.5 6.5c2-2 3.5-2 5.5 0s3.5 2 5.5 0M2.5 10.5c2-2 3.5-2 5.5 0s3.5 2 5.5 0",
  check: "M3.5 8.5l3 3 6-7",
  up: "M2.5 7h2.5v6.5H2.5zM5 7l2.5-5c1.5 0 2 1 1.7 2.2L8.7 6.5h3.6c1 0 1.5.8 1.2 1.7l-1.2 4.2c-.2.7-.8 1.1-1.5 1.1H5",
  down: "M2.5 9h2.5V2.5H2.5zM5 9l2.5 5c1.5 0 2-1 1.7-2.2L8.7 9.5h3.6c1 0 1.5-.8 1.2-1.7l-1.2-4.2c-.2-.7-.8-1.1-1.5-1.1H5",
  left: "M10 3L5 8l5 5",
  right: "M6 3l5 5-5 5",
  crop: "M4.5 1.5v10h10M1.5 4.5h10v10",
  download: "M8 2v8M4.5 7L8 10.5 11.5 7M2.5 13.5h11",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  grid: "M2.5 2.5h5v5h-5zM10 2.5h3.5v5H10zM2.5 10h3.5v3.5H2.5zM8.5 10h5v3.5h-5z",
  list: "M2.5 3h3v3h-3zM8 4.5h5.5M2.5 10h3v3h-3zM8 11.5h5.5",
  columns: "M2 2.5h3v11H2zM6.5 2.5h3v11h-3zM11 2.5h3v11h-3z",
  filter: "M2 4h12M4.5 8h7M6.5 12h3",
};

/** Replace what `parent` holds. */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
}
