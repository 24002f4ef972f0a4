// Light or dark, as chosen before; runs before anything is drawn. Without a choice it is as the system has it.
document.documentElement.dataset.theme = localStorage.getItem("clipseek-theme") ?? "auto";

addEventListener("DOMContentLoaded", () => {
  const button = document.getElementById("theme");
  const next = { auto: "light", light: "dark", dark: "auto" };
  const name = () => {
    button.textContent = document.documentElement.dataset.theme;
    button.setAttribute("aria-label", `Colours: ${button.textContent}`);
  };
  button.addEventListener("click", () => {
    const chosen = next[document.documentElement.dataset.theme] ?? "auto";
    document.documentElement.dataset.theme = chosen;
    localStorage.setItem("clipseek-theme", chosen);
    name();
  });
  name();
});
