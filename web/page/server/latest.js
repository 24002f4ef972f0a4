// Late answers never replace newer ones.

/** Tasks of which only the newest counts. A newer one aborts the one before, and its answer, should it still come, is dropped. */
export class Latest {
  #number = 0;
  #running = null;

  /** `{value}` of `task(signal)`, or null where a newer task or `stop` came. Raises what the task raises while it is the newest. */
  async run(task) {
    this.stop();
    const number = this.#number;
    this.#running = new AbortController();
    try {
      const value = await task(this.#running.signal);
      return number === this.#number ? { value } : null;
    } catch (failure) {
      if (number !== this.#number || failure.name === "AbortError") return null;
      throw failure;
    }
  }

  stop() {
    this.#number += 1;
    this.#running?.abort();
    this.#running = null;
  }
}

/** A task that is asked for more often than it can run: while it runs, one more run is remembered, not a queue of them. */
export function conflated(task) {
  let running = false;
  let again = false;
  return async function run() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    do {
      again = false;
      await task();
    } while (again);
    running = false;
  };
}
