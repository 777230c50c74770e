import { expect, test } from "vitest";
import { whenCalled } from "../../../lib/platform/aws/when-called.ts";

interface Port {
  add(a: number, b: number): Promise<number>;
}

test("a port is opened at its first call, and once", async () => {
  let opened = 0;
  const port = whenCalled<Port>(async () => {
    opened += 1;
    return { add: async (a, b) => a + b };
  });
  const before = opened;

  const sums = await Promise.all([port.add(1, 2), port.add(3, 4)]);

  expect(before).toBe(0);
  expect(sums).toEqual([3, 7]);
  expect(opened).toBe(1);
});

test("a port that is awaited by mistake is not opened", async () => {
  const port = whenCalled<Port>(async () => {
    throw new TypeError("opened");
  });

  expect(await Promise.resolve(port)).toBe(port);
});

test("a method of an opened port keeps its port", async () => {
  class Counter {
    #count = 0;
    async next(by: number): Promise<number> {
      this.#count += by;
      return this.#count;
    }
  }
  const port = whenCalled<Pick<Counter, "next">>(async () => new Counter());

  expect([await port.next(1), await port.next(1)]).toEqual([1, 2]);
});
