import * as z from "zod";
import { defineDestination } from "../destination.ts";
import { createTables } from "../sql/dialect.ts";
import { duckdbDialect } from "./dialect.ts";

/** A bare name: no folder, no leading dot. */
const filePattern = /^[A-Za-z0-9_][A-Za-z0-9_. -]{0,92}\.duckdb$/;

export default defineDestination({
  kind: "duckdb",
  title: "DuckDB file",
  settings: z.object({
    file: z.string().regex(filePattern, "write a file name such as warehouse.duckdb, without a folder").meta({
      label: "File name",
      help: "A file in your account's folder on this machine, such as warehouse.duckdb. It is opened only during a commit, so you can read it in between.",
      identity: true,
    }),
  }),
  staging: "parquet",
  // Chosen, not DuckDB's own: what merges within the memory that `database.ts` grants. https://duckdb.org/docs/stable/operations_manual/limits
  limits: { batchRowsMax: 1_000_000, batchBytesMax: 268_435_456, batchFilesMax: 64, valueBytesMax: null },
  embeddedOnly: true,
  setupScript: (_settings, target) =>
    [
      "-- Nothing needs to be run: the check makes these tables. Instants are in UTC.",
      ...createTables(duckdbDialect, target.tablePrefix).map((statement) => `${statement};`),
      "",
    ].join("\n\n"),
  ports: [],
  costs: () => [],
  about: {
    keeps: "tables",
    signIn: ["None: a file in the account's own folder, where the product runs on one machine"],
    loadPath:
      "Parquet is linked beside the file and merged by one transaction from `read_parquet`; which rows go in is decided on keys alone",
    triedAgainst: ["DuckDB itself, embedded; processes killed and stopped within a commit"],
    neverTriedLive: [],
  },
  connect: async (settings, target, options) => {
    const { openDuckdb } = await import("./client.ts");
    return openDuckdb(settings, target, options);
  },
});
