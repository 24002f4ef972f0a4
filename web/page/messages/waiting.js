// A server that does not answer is asked again until it does.

const EVERY = 2000;

/** Ask `path` every two seconds and call `back()` once it answers well; returns how to stop. */
export function whenBack(path, back) {
  const timer = setInterval(async () => {
    const answer = await fetch(path, { cache: "no-store" }).catch(() => null);
    if (!answer?.ok) return;
    clearInterval(timer);
    back();
  }, EVERY);
  return () => clearInterval(timer);
}
