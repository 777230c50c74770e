import { describe, expect, test } from "vitest";
import { startRhythm } from "../../lib/local/rhythm.ts";

describe("the rhythm of the local system", () => {
  test("sweeps at once, so that interrupted work goes on", async () => {
    const beats: string[] = [];

    const rhythm = startRhythm({
      hourly: async () => void beats.push("hour"),
      sweep: async () => void beats.push("sweep"),
      log: () => {},
    });
    await rhythm.stop();

    expect(beats).toEqual(["sweep"]);
  });

  test("logs a beat that fails, and goes on", async () => {
    const logged: unknown[] = [];

    const rhythm = startRhythm({
      hourly: async () => {},
      sweep: async () => {
        throw new Error("the disk is away");
      },
      log: (event, fields) => logged.push({ event, ...fields }),
    });
    await rhythm.stop();

    expect(logged).toEqual([{ event: "beat-failed", name: "sweep", error: "Error: the disk is away" }]);
  });

  test("aborts what runs when it is stopped, and waits for its end", async () => {
    let hasEnded = false;

    const rhythm = startRhythm({
      hourly: async () => {},
      sweep: async (signal) => {
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        hasEnded = true;
      },
      log: () => {},
    });
    await rhythm.stop();

    expect(hasEnded).toBe(true);
  });
});
