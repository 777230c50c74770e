import { describe, expect, test } from "vitest";
import { hourMs } from "../../lib/model/time.ts";
import { events, profiles, publishChanges } from "../support/change-log.ts";
import { syncRig } from "../support/sync-rig.ts";

describe("a connection that was just made", () => {
  test("is enabled by its check and fills the warehouse with all there is", async () => {
    await using rig = await syncRig();
    await publishChanges(rig.deps, rig.accountId, {
      profiles: [profiles(1, 10), profiles(11, 20), profiles(21, 25)],
      events: [events(1, 30), events(31, 40)],
    });

    await rig.connect();

    const historical = await rig.sync("profiles", "historical");
    expect(historical.lastError).toBeNull();
    expect(historical.completedAt).not.toBeNull();
    expect((await rig.sync("events", "historical")).completedAt).not.toBeNull();
    expect(rig.server.tables.profiles.size).toBe(25);
    expect(rig.server.tables.events.size).toBe(40);
    expect(rig.server.staged.size).toBe(0);
  });

  test("brings what comes after it hour by hour", async () => {
    await using rig = await syncRig();
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 10)] });
    await rig.connect();

    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(5, 15, { first_name: "Ada" })] });
    await rig.tick();

    expect(rig.server.tables.profiles.size).toBe(15);
    expect(rig.server.tables.profiles.get("p5")).toMatchObject({ first_name: "Ada", _seq: "2" });
    const periodic = await rig.sync("profiles", "periodic");
    expect(periodic).toMatchObject({ runId: null, watermark: { seq: 2, file: 1 }, lastError: null, rowsSent: 11 });
    expect((periodic.nextRunAt ?? 0) % hourMs).toBe(0);
  });
});
