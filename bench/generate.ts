import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Engine, sqlText } from "../lib/engine/engine.ts";

export interface Generated {
  readonly profilesCsv: string;
  readonly eventsCsv: string;
}

/** Writes seeded CSVs of profiles and events, as an uploader would: quoted cells, custom columns, a time in UTC. Same numbers, same bytes. */
export async function generateCsv(
  engine: Engine,
  folder: string,
  size: {
    readonly profiles: number;
    readonly events: number;
    readonly seed: number;
    /** Number of the first customer and event, so that another file may hold other ones. @default 0 */
    readonly from?: number;
  },
): Promise<Generated> {
  await mkdir(folder, { recursive: true });
  const { from = 0 } = size;
  const profilesCsv = join(folder, `profiles-${size.profiles}-${size.seed}.csv`);
  const eventsCsv = join(folder, `events-${size.events}-${size.profiles}-${size.seed}.csv`);
  await using session = await engine.open(AbortSignal.timeout(600_000));
  if (size.profiles > 0) await session.run(copyCsv(profileRows(size.profiles, size.seed, from), profilesCsv));
  if (size.events > 0) await session.run(copyCsv(eventRows(size.events, size.profiles, size.seed, from), eventsCsv));
  return { profilesCsv, eventsCsv };
}

function copyCsv(select: string, path: string): string {
  return `COPY (${select}) TO ${sqlText(path)} (FORMAT csv, HEADER true)`;
}

function profileRows(count: number, seed: number, from: number): string {
  return `SELECT
    'customer-' || i AS "ExternalID",
    'person' || i || '@example.com' AS "Email",
    CASE WHEN i % 3 = 0 THEN '+4477' || lpad((i % 100000000)::VARCHAR, 8, '0') END AS "PhoneNumber",
    (['Ada','Grace','Alan','Edsger','Barbara','Donald','Frances','John'])[1 + (hash(i, ${seed}) % 8)::BIGINT] AS "First Name",
    'Surname' || (hash(i, ${seed + 1}) % 50000) AS "Last Name",
    'Company, ' || (hash(i, ${seed + 2}) % 9000) || ' Ltd' AS "Organization",
    (['London','Paris','Berlin','Rome'])[1 + (hash(i, ${seed + 3}) % 4)::BIGINT] AS "City",
    (hash(i, ${seed + 4}) % 1000)::VARCHAR AS "Loyalty Points",
    CASE WHEN i % 2 = 0 THEN 'true' ELSE 'false' END AS "VIP",
    'Said "hello" on day ' || (hash(i, ${seed + 5}) % 365) AS "Note"
  FROM range(${from}, ${from + count}) r(i)`;
}

function eventRows(count: number, people: number, seed: number, from: number): string {
  const person = people > 0 ? people : Math.max(1, Math.floor(count / 10));
  return `SELECT
    'customer-' || (hash(i, ${seed}) % ${person}) AS "ExternalID",
    (['Placed Order','Viewed Product','Opened Email','Clicked Email'])[1 + (hash(i, ${seed + 1}) % 4)::BIGINT] AS "Metric",
    strftime(TIMESTAMP '2026-01-01' + to_seconds((hash(i, ${seed + 2}) % 25000000)::BIGINT), '%Y-%m-%dT%H:%M:%SZ') AS "Timestamp",
    'e' || i AS "$event_id",
    ((hash(i, ${seed + 3}) % 100000) / 100)::DECIMAL(12,2)::VARCHAR AS "$value",
    'SKU-' || (hash(i, ${seed + 4}) % 4000) AS "SKU",
    (1 + hash(i, ${seed + 5}) % 9)::VARCHAR AS "Quantity",
    'Lantern, "T-light" no. ' || (hash(i, ${seed + 6}) % 4000) AS "Product Name"
  FROM range(${from}, ${from + count}) r(i)`;
}
