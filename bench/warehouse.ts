import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type {
  Batch,
  Destination,
  EncodedFile,
  Receipt,
  RunningCommit,
  StagedFile,
  Warehouse,
} from "../lib/destinations/destination.ts";
import { loadDestination } from "../lib/destinations/registry.ts";
import { loadTestbed, onTestbed, testbedsOf } from "../lib/destinations/testbed.ts";
import { encodeFile } from "../lib/engine/encode/encode-file.ts";
import { type Engine, sqlText, startEngine } from "../lib/engine/engine.ts";
import type { LogId, RunId, SyncId } from "../lib/model/ids.ts";
import type { Instant } from "../lib/model/time.ts";
import { bareLoad } from "./bare-load.ts";
import { countingDial } from "./counting-dial.ts";

export interface WarehouseResult {
  /** The stand-in's name. */
  readonly bed: string;
  readonly rows: number;
  readonly files: number;
  readonly encodedMb: number;
  readonly encodeMs: number;
  readonly stageMs: number;
  readonly commitMs: number;
  readonly commits: number;
  /** Over all sockets that the kind dialled, from stage to the last receipt; what goes to our own bucket is not among them. */
  readonly sentMb: number;
  readonly receivedMb: number;
  /** HTTP requests; 0 where another protocol is spoken. */
  readonly requests: number;
  /** The engine's own bulk load of the same files; null where the engine is a stand-in's. */
  readonly bareMs: number | null;
  readonly rssMbMax: number;
}

const rowsPerFile = 100_000;
const never = new AbortController().signal;
const at = Date.UTC(2026, 0, 1) as Instant;

/** Sends events to a kind's first stand-in, as a sync would, and times encode, stage and commit apart. Run it in a process of its own. */
export async function benchWarehouse(input: {
  kind: string;
  events: number;
  folder: string;
}): Promise<WarehouseResult> {
  const { kind, events, folder } = input;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const [[bedName = kind, start] = []] = [...testbedsOf(kind, await loadTestbed(kind))];
  if (start === undefined) throw new TypeError(`${kind} has no testbed`);
  await using bed = await start();
  const plain = await loadDestination(kind);
  const engine = await startEngine({ tempFolder: join(folder, "spill"), threads: 2, memoryMb: 640 });
  const sources = await changeFiles(engine, folder, events);
  const encoded = await timed(() => encodeAll(engine, plain, bed.settings, sources, folder));
  const counted = countingDial(bed.dial);
  const options = { signal: never, dial: counted.dial, folder: bed.folder };
  const target = { logId: "lg00000000000001" as LogId, tablePrefix: "klaviyo_" };
  await using warehouse = await onTestbed(plain, bed).open(bed.settings, target, options);
  for await (const step of warehouse.check()) if (!step.ok) throw new Error(`${step.step}: ${step.detail}`);
  counted.reset();
  const staged = await timed(() => stageAll(warehouse, encoded.answer));
  const batches = batchesOf(plain, staged.answer);
  const committed = await timed(() => commitAll(warehouse, batches));
  const inserted = committed.answer.reduce((sum, receipt) => sum + receipt.rowsInserted, 0);
  if (inserted !== events) throw new Error(`${inserted} rows are in, ${events} were sent`);
  const { sentMb, receivedMb, requests } = counted;
  const paths = encoded.answer.map((file) => file.path);
  return {
    bed: bedName,
    rows: events,
    files: sources.length,
    encodedMb: encoded.answer.reduce((sum, file) => sum + file.bytes, 0) / 1e6,
    ...{ encodeMs: encoded.ms, stageMs: staged.ms, commitMs: committed.ms, commits: batches.length },
    ...{ sentMb, receivedMb, requests },
    bareMs: await bareLoad(kind, bed, paths, folder),
    rssMbMax: Math.round(process.resourceUsage().maxRSS / 1024),
  };
}

/** Change files as a consolidation leaves them: in order of time, JSON as text. */
async function changeFiles(engine: Engine, folder: string, events: number): Promise<readonly string[]> {
  await using session = await engine.open(never);
  const paths: string[] = [];
  for (let from = 0; from < events; from += rowsPerFile) {
    const path = join(folder, `change-${paths.length + 1}.parquet`);
    const time = `TIMESTAMP '2026-01-01' + to_seconds(i * 25)`;
    const rows = `SELECT md5(i::VARCHAR) AS id, 'e' || i AS unique_id, md5((i % 100000)::VARCHAR) AS profile_id, md5('m') AS metric_id,
      'Placed Order' AS metric_name, NULL::VARCHAR AS integration_id, NULL::VARCHAR AS integration_name, ${time} AS event_at,
      ((hash(i) % 100000) / 100)::DECIMAL(38,9) AS value, 'GBP' AS value_currency,
      json_object('SKU', 'SKU-' || i % 4000, 'Quantity', i % 9, 'Product Name', 'Lantern, "T-light" no. ' || i % 4000)::VARCHAR AS event_properties,
      ${time} AS ingested_at, 1::BIGINT AS _seq FROM range(${from}, ${Math.min(events, from + rowsPerFile)}) r(i)`;
    await session.run(`COPY (${rows}) TO ${sqlText(path)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`);
    paths.push(path);
  }
  return paths;
}

async function encodeAll(
  engine: Engine,
  destination: Destination,
  settings: Readonly<Record<string, unknown>>,
  sources: readonly string[],
  folder: string,
): Promise<readonly EncodedFile[]> {
  await using session = await engine.open(never);
  const encoding = destination.stagingOf(settings);
  const { valueBytesMax } = destination.limits;
  const filter = { excludedIntegrations: [], metrics: null, eventAtFrom: null };
  const files: EncodedFile[] = [];
  for (const [index, source] of sources.entries()) {
    // What may be staged as it lies costs nothing, as in a sync.
    const isAsItLies = encoding === "parquet" && valueBytesMax === null;
    const path = isAsItLies ? source : join(folder, `staged-${index + 1}.${encoding}`);
    if (!isAsItLies) await encodeFile(session, { object: "events", source, filter, encoding, valueBytesMax }, path);
    const [count] = await session.rows(
      `SELECT count(*) AS rows, epoch_ms(min(event_at)) AS first, epoch_ms(max(event_at)) AS last FROM read_parquet(${sqlText(source)})`,
    );
    files.push({
      planId: "rn00000000000001" as RunId,
      number: index + 1,
      object: "events",
      path,
      rows: Number(count?.["rows"]),
      bytes: (await stat(path)).size,
      eventAtMin: Number(count?.["first"]) as Instant,
      eventAtMax: Number(count?.["last"]) as Instant,
    });
  }
  return files;
}

/** Two at a time, as many as one machine's Map runs side by side. */
async function stageAll(warehouse: Warehouse, files: readonly EncodedFile[]): Promise<readonly StagedFile[]> {
  const staged: StagedFile[] = [];
  const waiting = [...files];
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift())
      staged.push(await warehouse.stage(file));
  };
  await Promise.all([work(), work()]);
  return staged.sort((a, b) => a.number - b.number);
}

function batchesOf({ limits }: Destination, files: readonly StagedFile[]): readonly Batch[] {
  const batches: Batch[] = [];
  let open: StagedFile[] = [];
  const close = () => {
    const [first, last] = [open[0], open.at(-1)];
    if (first === undefined || last === undefined) return;
    batches.push({
      syncId: "cn00000000000001-events-periodic" as SyncId,
      planId: "rn00000000000001" as RunId,
      object: "events",
      first: { seq: 1, file: first.number },
      last: { seq: 1, file: last.number },
      files: open,
      metricFile: null,
      rowsStaged: open.reduce((rows, file) => rows + file.rows, 0),
      syncedAt: at,
      rowsQuarantined: 0,
    });
    open = [];
  };
  for (const file of files) {
    const rows = open.reduce((sum, each) => sum + each.rows, file.rows);
    const bytes = open.reduce((sum, each) => sum + each.bytes, file.bytes);
    if (rows > limits.batchRowsMax || bytes > limits.batchBytesMax || open.length >= limits.batchFilesMax) close();
    open.push(file);
  }
  close();
  return batches;
}

async function commitAll(warehouse: Warehouse, batches: readonly Batch[]): Promise<readonly Receipt[]> {
  const receipts: Receipt[] = [];
  for (const [index, batch] of batches.entries()) {
    let answer: Receipt | RunningCommit = await warehouse.commit(batch, index + 1);
    while ("token" in answer) answer = await warehouse.poll(answer.token);
    receipts.push(answer);
  }
  return receipts;
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly answer: T; readonly ms: number }> {
  const started = performance.now();
  const answer = await work();
  return { answer, ms: performance.now() - started };
}
