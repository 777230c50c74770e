/** The three kinds, strongest first, as offsets into `current`. */
const kinds = 3;

/** What a row did: nothing to its profile's identifiers, made the profile, or changed its identifiers. */
const rowTouched = 0;
const rowCreated = 1;
export const rowChanged = 2;

/**
 * Resolves rows one after the other, on small numbers that stand for identifiers and profiles.
 *
 * This is the one place where rows pass through JavaScript one by one: who holds a shared identifier at a row depends
 * on every row before it. Only rows that are entangled come here, and memory grows with identifiers and profiles, not
 * with rows. See docs/decisions/001-identity-fold.md.
 */
export class IdentityFold {
  /** Identifier → the profile that holds it, -1 for nobody. */
  readonly holder: Int32Array;
  /** Profile × kind → the identifier it holds, -1 for none. */
  current: Int32Array;
  /** Profile → number of the row that last changed its identifiers, -1 for none. */
  changedAt: Int32Array;
  /** Profile → number of the row that made it, -1 where it was there before. */
  createdAt: Int32Array;
  profiles: number;
  /** What the row taken last did. */
  lastEffect: number = rowTouched;

  /** `current` holds the known profiles' identifiers: three numbers each, -1 where there is none. */
  constructor(identifiers: number, current: Int32Array) {
    this.holder = new Int32Array(identifiers).fill(-1);
    this.profiles = current.length / kinds;
    this.current = current;
    this.changedAt = new Int32Array(this.profiles).fill(-1);
    this.createdAt = new Int32Array(this.profiles).fill(-1);
    for (let slot = 0; slot < current.length; slot++) {
      const identifier = current[slot] ?? -1;
      if (identifier >= 0) this.holder[identifier] = Math.floor(slot / kinds);
    }
  }

  /** Takes one row, its identifiers strongest first (-1 for none). Answers its profile; what it did is in `lastEffect`. */
  take(row: number, external: number, email: number, phone: number): number {
    let profile = this.#holderOf(external);
    if (profile < 0) profile = this.#holderOf(email);
    if (profile < 0) profile = this.#holderOf(phone);
    this.lastEffect = rowTouched;
    if (profile < 0) {
      profile = this.#create(row);
      this.lastEffect = rowCreated;
    }
    this.#give(row, profile, 0, external);
    this.#give(row, profile, 1, email);
    this.#give(row, profile, 2, phone);
    return profile;
  }

  #holderOf(identifier: number): number {
    return identifier < 0 ? -1 : (this.holder[identifier] ?? -1);
  }

  /** Sets the identifier on the profile: whoever held it loses it, and what the profile held before is free. */
  #give(row: number, profile: number, kind: number, identifier: number): void {
    if (identifier < 0) return;
    const before = this.holder[identifier] ?? -1;
    if (before === profile) return;
    if (before >= 0) {
      this.current[before * kinds + kind] = -1;
      this.changedAt[before] = row;
    }
    const slot = profile * kinds + kind;
    const former = this.current[slot] ?? -1;
    if (former >= 0) this.holder[former] = -1;
    this.holder[identifier] = profile;
    this.current[slot] = identifier;
    this.changedAt[profile] = row;
    if (this.lastEffect === rowTouched) this.lastEffect = rowChanged;
  }

  #create(row: number): number {
    const profile = this.profiles++;
    if (profile >= this.createdAt.length) this.#grow(Math.max(1024, profile * 2));
    this.createdAt[profile] = row;
    this.changedAt[profile] = row;
    return profile;
  }

  #grow(capacity: number): void {
    this.current = grown(this.current, capacity * kinds);
    this.changedAt = grown(this.changedAt, capacity);
    this.createdAt = grown(this.createdAt, capacity);
  }
}

function grown(from: Int32Array, length: number): Int32Array {
  const to = new Int32Array(length).fill(-1);
  to.set(from);
  return to;
}
