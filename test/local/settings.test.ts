import { describe, expect, test } from "vitest";
import { ownNetworks, settingsFrom } from "../../lib/local/settings.ts";

describe("the settings of the local system", () => {
  test("bind loopback unless told otherwise", () => {
    const settings = settingsFrom({});

    expect(settings).toMatchObject({ host: "127.0.0.1", httpPort: 4280, sftpPort: 2222 });
    expect(settings.allowedRanges).toEqual(ownNetworks);
  });

  test("allow exactly the ranges that are named", () => {
    expect(settingsFrom({ WS_ALLOW_PRIVATE: "none" }).allowedRanges).toEqual([]);
    expect(settingsFrom({ WS_ALLOW_PRIVATE: "10.1.0.0/16, fd00::/8" }).allowedRanges).toEqual([
      "10.1.0.0/16",
      "fd00::/8",
    ]);
  });

  test("name each variable that is not valid", () => {
    const wrong = { WS_HTTP_PORT: "http", WS_ALLOW_PRIVATE: "everywhere" };

    expect(() => settingsFrom(wrong)).toThrow(/WS_HTTP_PORT.*WS_ALLOW_PRIVATE/);
  });
});
