// On a phone the facets come as a sheet from below.

const side = document.getElementById("facets");
const opener = document.getElementById("show-facets");

export function startFacetSheet() {
  opener.addEventListener("click", () => (opened() ? close() : open()));
  document.getElementById("close-facets").addEventListener("click", close);
  document.getElementById("sheet-behind").addEventListener("click", close);
  side.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !opened()) return;
    event.stopPropagation();
    close();
  });
}

const opened = () => document.body.classList.contains("sheet-open");

function open() {
  document.body.classList.add("sheet-open");
  opener.setAttribute("aria-expanded", "true");
  side.querySelector("input, button")?.focus();
}

function close() {
  document.body.classList.remove("sheet-open");
  opener.setAttribute("aria-expanded", "false");
  opener.focus();
}
