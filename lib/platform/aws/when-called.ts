type Methods<Port> = Readonly<Record<keyof Port & string, (...args: never[]) => Promise<unknown>>>;

/** A port that is opened at the first call of one of its methods: most functions never start a client of most services. */
export function whenCalled<Port extends object & Methods<Port>>(open: () => Promise<Port>): Port {
  let opened: Promise<Port> | undefined;
  return new Proxy({} as Port, {
    get: (_, method) => {
      // Neither a promise, nor anything else that is known by its symbols.
      if (typeof method !== "string" || method === "then") return undefined;
      return async (...args: never[]) => {
        opened ??= open();
        const port = await opened;
        return port[method as keyof Port & string](...args);
      };
    },
  });
}
