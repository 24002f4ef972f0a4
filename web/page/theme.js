// Light or dark, as chosen before; runs before anything is drawn. Without a choice it is as the system has it.
document.documentElement.dataset.theme = localStorage.getItem("clipseek-theme") ?? "auto";

addEventListener("DOMContentLoaded", () => {
  const button = document.getElementById("theme");
  const next = { auto: "light", light: "dark", dark: "auto" };
  const signs = { auto: "\u25d0", light: "\u2600\ufe0e", dark: "\u263e\ufe0e" };
  const name = () => {
    const chosen = document.documentElement.dataset.theme;
    button.textContent = signs[chosen] ?? signs.auto;
    button.setAttribute("aria-label", `Colours: ${chosen}`);
    button.title = `Colours: ${chosen === "auto" ? "as the system has them" : chosen}`;
  };
  button.addEventListener("click", () => {
    const chosen = next[document.documentElement.dataset.theme] ?? "auto";
    document.documentElement.dataset.theme = chosen;
    localStorage.setItem("clipseek-theme", chosen);
    name();
  });
  name();
});
