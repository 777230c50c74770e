import { defineDestination } from "../destination.ts";
import { settings } from "./settings.ts";
import { setupScript } from "./setup-script.ts";

/** jsonb holds no string longer than this. https://www.postgresql.org/docs/current/datatype-json.html, `JENTRY_OFFLENMASK` */
const valueBytesMax = 268_435_455;

export default defineDestination({
  kind: "postgres",
  title: "PostgreSQL",
  settings,
  staging: "csv",
  // Chosen for commits of seconds to a few minutes: one transaction merges all of a batch.
  limits: { batchRowsMax: 500_000, batchBytesMax: 268_435_456, batchFilesMax: 32, valueBytesMax },
  setupScript: (given, target) => setupScript(given, target.tablePrefix),
  ports: "any",
  // A server of the customer's own, paid by the month whatever is loaded.
  costs: () => [],
  about: {
    keeps: "tables",
    signIn: ["User and password, over TLS with the certificate checked; without TLS on private addresses only"],
    loadPath: "CSV by `COPY … FROM STDIN` into unlogged tables, merged by one transaction with `INSERT … ON CONFLICT`",
    triedAgainst: ["PostgreSQL 18, a server of its own in the tests", "a TLS proxy, broken lines and hostile servers"],
    neverTriedLive: [
      "Amazon RDS, Aurora, Cloud SQL, Azure and other hosted servers",
      "versions 12 to 17",
      "poolers such as PgBouncer",
    ],
  },
  connect: async (given, target, options) => {
    const { openPostgres } = await import("./client.ts");
    return openPostgres(given, target, options);
  },
});
