/** A reader/writer lock in the order of arrival: shared work runs together, exclusive work alone. */
export class Gate {
  #lastExclusive: Promise<unknown> = Promise.resolve();
  readonly #shared = new Set<Promise<unknown>>();

  async shared<T>(work: () => Promise<T>): Promise<T> {
    const running = this.#lastExclusive.then(work);
    const settled = running.then(
      () => undefined,
      () => undefined,
    );
    this.#shared.add(settled);
    try {
      return await running;
    } finally {
      this.#shared.delete(settled);
    }
  }

  async exclusive<T>(work: () => Promise<T>): Promise<T> {
    const before = Promise.all([this.#lastExclusive, ...this.#shared]);
    const running = before.then(work);
    this.#lastExclusive = running.then(
      () => undefined,
      () => undefined,
    );
    return running;
  }
}
