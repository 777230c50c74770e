import type { AnswerOf } from "../../http/client.ts";
import type { Routes } from "../../http/routes.ts";
import { duration } from "../cli/text.ts";
import { runHourAndWait, waitUntilIdle } from "../idle.ts";
import type { ProgressLine } from "../progress-line.ts";
import { type SampleData, type SampleFile, sampleData } from "./sample-data.ts";
import { type Stage, setStage } from "./stage.ts";
import { type Check, checksOf, type DemoOutcome, reasonsIn } from "./summary.ts";

export interface DemoOptions {
  /** An empty or new folder. */
  readonly folder: string;
  readonly profiles: number;
  readonly events: number;
  readonly seed: number;
  /** A registered kind. */
  readonly to: string;
  readonly say: (line: string) => void;
  readonly progress: ProgressLine;
  readonly signal: AbortSignal;
}

/** Does the main job once on sample data, through the doors that everybody uses, and answers what came of it. */
export async function runDemo(options: DemoOptions): Promise<DemoOutcome> {
  const startedAt = performance.now();
  const data = sampleData(options);
  await using stage = await setStage(options.folder, options.to, options.signal);
  const tale = new Tale(stage, options);
  await tale.tell("upload customers.csv and orders.csv over SFTP, and read them", async () => {
    await put(stage, "/profiles", data.profiles);
    await put(stage, "/events", data.events);
    await tale.idle(false);
  });
  await tale.tell(`connect the warehouse (${options.to}) and send the whole past`, () => tale.connect());
  await tale.tell("run the hour: nothing new, so the warehouse sleeps", () => tale.tick());
  await tale.tell("upload customers-moved.csv and run the hour: only the changes travel", async () => {
    await put(stage, "/profiles", data.changedProfiles);
    await tale.idle(false);
    await tale.tick();
  });
  await tale.tell("upload orders.csv once more and run the hour: nothing changes", async () => {
    await put(stage, "/events", { ...data.events, name: "orders-again.csv" });
    await tale.idle(false);
    await tale.tick();
  });
  // Awaited here: the stage closes when this block is left.
  return await outcomeOf(stage, data, startedAt);
}

/** Tells each chapter as it happens, and how long it took. */
class Tale {
  readonly #stage: Stage;
  readonly #options: DemoOptions;

  constructor(stage: Stage, options: DemoOptions) {
    this.#stage = stage;
    this.#options = options;
  }

  async tell(title: string, chapter: () => Promise<unknown>): Promise<void> {
    const startedAt = performance.now();
    await chapter();
    this.#options.progress.end();
    this.#options.say(`  ✓ ${title} (${duration(performance.now() - startedAt)})`);
  }

  async idle(includesHour: boolean): Promise<void> {
    const { signal, progress } = this.#options;
    const onLook = (_: unknown, working: readonly string[]) => progress.show(working);
    await waitUntilIdle(this.#stage.api, { signal, includesHour, onLook, pollMs: 100 });
  }

  async connect(): Promise<void> {
    await this.#stage.api.call("POST /connections", { body: this.#stage.connection });
    await this.idle(true);
  }

  async tick(): Promise<void> {
    const { signal, progress } = this.#options;
    const onLook = (_: unknown, working: readonly string[]) => progress.show(working);
    const runHour = () => this.#stage.operator.call("POST /tick");
    await runHourAndWait(this.#stage.api, runHour, { signal, onLook, pollMs: 100 });
  }
}

async function put(stage: Stage, folder: string, file: SampleFile): Promise<void> {
  await stage.sftp.put(`${folder}/${file.name}`, new TextEncoder().encode(file.text));
}

async function outcomeOf(stage: Stage, data: SampleData, startedAt: number): Promise<DemoOutcome> {
  const { api } = stage;
  const imports = (await api.call("GET /imports", { query: { limit: 100 } })).items;
  const syncs = (await api.call("GET /syncs")).items;
  const connections = (await api.call("GET /connections")).items;
  const receipts = await receiptsOf(stage, syncs);
  const reasons = await reasonsIn(stage.sftp);
  const facts = await stage.facts();
  const elapsedMs = performance.now() - startedAt;
  const checks: readonly Check[] = checksOf({ data, imports, syncs, connections, facts, receipts, reasons });
  return { place: stage.place, imports, syncs, connections, receipts, reasons, facts, checks, elapsedMs };
}

async function receiptsOf(stage: Stage, syncs: AnswerOf<Routes["GET /syncs"]>["items"]) {
  const all = [];
  for (const { id: syncId } of syncs) {
    const answer = await stage.api.call("GET /syncs/{syncId}/receipts", { params: { syncId } });
    all.push(...answer.items);
  }
  return all;
}
