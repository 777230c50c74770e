import { describe, expect, test } from "vitest";
import { loadDestination } from "../../lib/destinations/registry.ts";
import { destinationView } from "../../lib/http/views/destinations.ts";
import { settingsOf } from "../../lib/local/cli/connect-command.ts";

const form = destinationView(await loadDestination("postgres"));

describe("settings as words of a command line", () => {
  test("get the types that the form says, and may hold an equals sign", () => {
    const settings = settingsOf(form, ["port=5433", "password=a=b", "sslmode=disable"]);

    expect(settings).toEqual({ port: 5433, password: "a=b", sslmode: "disable" });
  });

  test("are refused by name when the form has no such field", () => {
    expect(() => settingsOf(form, ["prot=1"])).toThrow(/PostgreSQL has no such setting; it has: host, /);
    expect(() => settingsOf(form, ["port"])).toThrow("write key=value");
  });

  test("are read from a file after an at-sign", () => {
    expect(settingsOf(form, ["caCertificate=@package.json"])["caCertificate"]).toContain("warehouse-sync");
    expect(() => settingsOf(form, ["caCertificate=@nowhere.pem"])).toThrow("nowhere.pem cannot be read");
  });
});
