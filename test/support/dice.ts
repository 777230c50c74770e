import { seededRandomness } from "./clock.ts";

/** Chance that a seed repeats. */
export class Dice {
  readonly #random: ReturnType<typeof seededRandomness>;

  constructor(seed: number) {
    this.#random = seededRandomness(seed);
  }

  /** A whole number from 0, below the limit. */
  below(limit: number): number {
    return Math.floor(this.#random.fraction() * limit);
  }

  chance(share: number): boolean {
    return this.#random.fraction() < share;
  }
}
