import { describe, expect, test } from "vitest";
import { sampleData } from "../../lib/local/demo/sample-data.ts";

describe("the sample data", () => {
  test("is the same for the same seed", () => {
    const size = { profiles: 500, events: 900 };

    expect(sampleData({ ...size, seed: 1 })).toEqual(sampleData({ ...size, seed: 1 }));
    expect(sampleData({ ...size, seed: 1 })).not.toEqual(sampleData({ ...size, seed: 2 }));
  });

  test("counts its lines and what is wrong among them", () => {
    const { profiles, events } = sampleData({ profiles: 500, events: 900, seed: 1 });

    const wrongProfiles = profiles.text.split("\n").filter((line) => line.startsWith("not-an-address"));
    const wrongEvents = events.text.split("\n").filter((line) => line.includes(",yesterday,"));

    expect(profiles.rows).toBe(500 + wrongProfiles.length);
    expect(profiles.rejected).toBe(wrongProfiles.length);
    expect(events.rows).toBe(900 + wrongEvents.length);
    expect(events.rejected).toBe(wrongEvents.length);
  });

  test("holds wrong rows and people known from events alone", () => {
    const data = sampleData({ profiles: 500, events: 900, seed: 1 });

    expect(data.profiles.rejected).toBeGreaterThan(0);
    expect(data.events.rejected).toBeGreaterThan(0);
    expect(data.profileCount).toBeGreaterThan(500);
  });
});
