import type { Price } from "../../model/price.ts";
import type { CountedRun, Counts } from "./counts.ts";
import type { CostLine } from "./fixed-costs.ts";
import { prices } from "./prices.ts";

/** What a second of a function is billed by. */
interface FunctionSize {
  readonly memoryMb: number;
  /** Of `/tmp`. @default 512, which is free */
  readonly scratchMb?: number;
}

/** What of an installation changes the price of work. */
export interface WorkShape {
  /** The function that does a step. Throws for a step that there is not. */
  readonly sizeOf: (step: string) => FunctionSize;
  readonly architecture: "arm64" | "x86_64";
  /** Rows leave through a NAT gateway. */
  readonly hasNat: boolean;
  /** Files come over SFTP, which is billed by the GB. */
  readonly hasSftp: boolean;
  /** CloudTrail records each access to what people send and fetch. */
  readonly hasAuditTrail: boolean;
  /** `"internet"`: outside AWS or in another region, so that AWS bills the way out. */
  readonly warehouse: "same region" | "internet";
}

/** Assumed, and billed for each call: most calls find a warm function, a cold one takes about a second. */
const startUpSeconds = 0.2;
/** Assumed: what a function logs in a call, and what a state machine logs of a transition. */
const logBytesPerCall = 2_000;
const logBytesPerTransition = 700;
const freeScratchMb = 512;
/** Two queues' sends, receives and deletes for each upload. */
const queueCallsPerUpload = 6;
/** Assumed: an upload, its ranges read, its copy in the archive, its results written and fetched. */
const auditEventsPerUpload = 20;
/** An upload arrives, is copied to the archive and gets its two results. */
const objectEventsPerUpload = 1;

/** The bill for counted work. Fractions of counts are fine: they come of differences. */
export function workCosts(counts: Counts, uploads: number, csvBytes: number, shape: WorkShape): readonly CostLine[] {
  const calls = Object.values(counts.steps).reduce((sum, step) => sum + step.calls, 0);
  const secondsOf = (gb: (size: FunctionSize) => number) =>
    Object.entries(counts.steps).reduce(
      (sum, [name, step]) => sum + (step.seconds + step.calls * startUpSeconds) * gb(shape.sizeOf(name)),
      0,
    );
  const gbSeconds = secondsOf(({ memoryMb }) => memoryMb / 1_024);
  const scratchGbSeconds = secondsOf(({ scratchMb = freeScratchMb }) => (scratchMb - freeScratchMb) / 1_024);
  const gbSecondPrice = shape.architecture === "arm64" ? prices.lambdaArmGbSecond : prices.lambdaX86GbSecond;
  const logGb = (calls * logBytesPerCall + counts.transitions * logBytesPerTransition) / 1e9;
  const outGb = counts.bytesToWarehouse / 1e9;
  const lines: readonly CostLine[] = [
    line("Lambda time", gbSeconds, gbSecondPrice),
    line("Lambda scratch disk", scratchGbSeconds, prices.scratchGbSecond),
    line("Lambda calls", calls, prices.lambdaRequest),
    line("Step Functions", counts.transitions, prices.transition),
    line("DynamoDB writes", counts.tableWrites, prices.tableWrite),
    line("DynamoDB reads", counts.tableReads, prices.tableRead),
    line("S3 writes and lists", counts.s3Puts, prices.s3Put),
    line("S3 reads", counts.s3Gets, prices.s3Get),
    line("Secrets Manager", counts.secretCalls, prices.secretCall),
    line("events", uploads * objectEventsPerUpload, prices.objectEvent),
    line("queues", uploads * queueCallsPerUpload, prices.queueCall),
    line("audit trail", shape.hasAuditTrail ? uploads * auditEventsPerUpload : 0, prices.dataEvent),
    line("logs", logGb, prices.logGb),
    line("NAT gateway", shape.hasNat ? outGb : 0, prices.natGb),
    line("SFTP", shape.hasSftp ? csvBytes / 1e9 : 0, prices.sftpGb),
    line("way out of AWS", shape.warehouse === "internet" ? outGb : 0, prices.internetOutGb),
  ];
  return lines.filter(({ units }) => units > 0);
}

/** A million rows in two files, as it was counted. */
export function millionRowsCosts(run: CountedRun, shape: WorkShape): readonly CostLine[] {
  const factor = 1e6 / run.large.rows;
  return scaled(workCosts(run.large.counts, run.large.uploads, run.large.csvBytes, shape), factor);
}

/** What an upload costs however few rows it has: the small move, by the upload. */
export function uploadCosts(run: CountedRun, shape: WorkShape): readonly CostLine[] {
  return scaled(workCosts(run.small.counts, run.small.uploads, run.small.csvBytes, shape), 1 / run.small.uploads);
}

/** The same lines for so many times the work. */
function scaled(lines: readonly CostLine[], factor: number): readonly CostLine[] {
  return lines.map((each) => ({ ...each, units: each.units * factor }));
}

function line(what: string, units: number, price: Price): CostLine {
  return { what, units, price };
}
