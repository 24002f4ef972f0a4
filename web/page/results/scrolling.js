// More hits when the end comes near, and the way back to the top.

/** Call `more()` whenever `end` is less than a screen away; it answers whether to go on looking. */
export function whenNear(end, more) {
  const watcher = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && again(), {
    rootMargin: "100% 0px",
  });
  async function again() {
    watcher.unobserve(end);
    if (await more()) watcher.observe(end); // tells at once whether it is still near
  }
  watcher.observe(end);
  return () => watcher.disconnect();
}

export function startTop() {
  const button = document.getElementById("to-top");
  const show = () => (button.hidden = scrollY < 2 * innerHeight);
  addEventListener("scroll", show, { passive: true });
  button.addEventListener("click", () => {
    scrollTo({ top: 0 });
    document.querySelector("#results .picture")?.focus({ preventScroll: true });
  });
}
