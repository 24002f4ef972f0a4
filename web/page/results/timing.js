// How long a search takes as a person sees it, as a measure of the browser's own user timing: benchmarks/page.py reads it.

/** Called when results are in the document; measures until they are painted. `kind`: search or rerank. */
export function painted(kind, began) {
  requestAnimationFrame(() => {
    const channel = new MessageChannel(); // its message comes after the frame was painted
    channel.port1.onmessage = () => performance.measure(`clipseek ${kind}`, { start: began, end: performance.now() });
    channel.port2.postMessage(null);
  });
}
