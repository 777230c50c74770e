/** Which bytes of a file have been written, in any order. One extent while they come in sequence. */
export class Extents {
  #extents: { readonly start: number; readonly end: number }[] = [];

  get count(): number {
    return this.#extents.length;
  }

  add(start: number, end: number): void {
    if (end <= start) return;
    const touching = this.#extents.filter((other) => other.start <= end && other.end >= start);
    const merged = {
      start: Math.min(start, ...touching.map((other) => other.start)),
      end: Math.max(end, ...touching.map((other) => other.end)),
    };
    if (touching.length === 1 && this.#extents.length === 1) this.#extents = [merged];
    else this.#extents = [...this.#extents.filter((other) => !touching.includes(other)), merged];
  }

  /** Forgets what lies past `size`. */
  clip(size: number): void {
    this.#extents = this.#extents
      .filter((extent) => extent.start < size)
      .map((extent) => ({ start: extent.start, end: Math.min(extent.end, size) }));
  }

  /** Whether every byte of a file of that size was written. */
  covers(size: number): boolean {
    return size === 0 || this.#extents.some((extent) => extent.start === 0 && extent.end >= size);
  }
}
