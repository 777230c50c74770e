import type { KeyId, UserId } from "../../../model/ids.ts";

interface OpenConnection {
  readonly userId: UserId;
  readonly keyId: KeyId;
  readonly end: () => void;
}

const perUserMax = 16;

/** Who is logged in at the moment, by which key. Shared by the server, which fills it, and `SftpUsers`, which ends sessions. */
export class OpenConnections {
  readonly #open = new Set<OpenConnection>();

  /** Undefined when the user has as many connections as one may have; else what to call when this one is over. */
  enter(connection: OpenConnection): (() => void) | undefined {
    const own = [...this.#open].filter((other) => other.userId === connection.userId);
    if (own.length >= perUserMax) return undefined;
    this.#open.add(connection);
    return () => this.#open.delete(connection);
  }

  endByKey(userId: UserId, keyId: KeyId): void {
    for (const connection of this.#open) {
      if (connection.userId === userId && connection.keyId === keyId) connection.end();
    }
  }

  endByUser(userId: UserId): void {
    for (const connection of this.#open) if (connection.userId === userId) connection.end();
  }
}
