/** What is lent out: usable or not, and closed at the end. */
interface Lendable extends AsyncDisposable {
  readonly isUsable: boolean;
}

/** Lends the one connection out, to one user at a time: transactions must not mix. It is opened when first needed, and again after it broke. */
export function oneConnection<Session extends Lendable>(open: () => Promise<Session>) {
  let session: Session | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let isClosed = false;
  const usable = async (): Promise<Session> => {
    // Else work that still waited for its turn would open a connection that nobody closes.
    if (isClosed) throw new TypeError("the session was closed");
    if (session?.isUsable === true) return session;
    await session?.[Symbol.asyncDispose]();
    session = await open();
    return session;
  };
  return {
    use: <T>(work: (lent: Session) => Promise<T>): Promise<T> => {
      const mine = turn.then(async () => work(await usable()));
      turn = mine.catch(() => undefined);
      return mine;
    },
    close: async (): Promise<void> => {
      isClosed = true;
      await session?.[Symbol.asyncDispose]();
      session = undefined;
    },
  };
}
