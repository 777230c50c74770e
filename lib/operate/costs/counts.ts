import * as z from "zod";

/** What AWS bills of a piece of work, as counted in a run of the same flows and state machines on one machine. */
export const Counts = z.strictObject({
  /** Each step, by its name: how often it was called, and its seconds in all with two processors. */
  steps: z.record(z.string(), z.strictObject({ calls: z.int(), seconds: z.number() })),
  /** States entered, retries and starts of executions and of items of fan-outs. */
  transitions: z.int(),
  tableReads: z.int(),
  tableWrites: z.int(),
  s3Puts: z.int(),
  s3Gets: z.int(),
  secretCalls: z.int(),
  executions: z.int(),
  /** Written to the sockets of the warehouse. */
  bytesToWarehouse: z.int(),
  /** Written to the bucket; part of it is deleted again within days. */
  bytesKept: z.int(),
});
export type Counts = z.infer<typeof Counts>;

const Move = z.strictObject({
  rows: z.int().positive(),
  uploads: z.int(),
  csvBytes: z.int(),
  counts: Counts,
  /** That our process computed, the warehouse's server aside. What steps took beyond it they waited, for the warehouse or for a busy machine. */
  processorSeconds: z.number(),
});

/** What the counting run wrote (`npm run costs:count`). */
export const CountedRun = z.strictObject({
  countedOn: z.iso.date(),
  warehouse: z.string(),
  cores: z.int(),
  /** Two big files, from the upload to the receipts in the warehouse. */
  large: Move,
  /** The same with two small files: what an upload costs however few rows it has. */
  small: Move,
  /** An hour's tick of one account with nothing new. */
  idleHour: Counts,
  /** One sweep, with one account. */
  sweep: Counts,
});
export type CountedRun = z.infer<typeof CountedRun>;
