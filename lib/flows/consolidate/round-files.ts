import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { WrittenFile } from "../../engine/consolidate/written-files.ts";
import type { StateFile } from "../../model/log.ts";
import type { Deps } from "../deps.ts";
import { fileKeys } from "../store/keys.ts";
import { readList, writeList } from "../store/records.ts";
import type { AttemptRequest } from "./requests.ts";

/** A round of an attempt: the round's number is the version of the state that it makes. */
export type RoundRef = AttemptRequest & { readonly round: number };

/** The folder name of a round's objects: sorts by round, and holds the attempt. */
export function roundFolder(ref: RoundRef): string {
  return `${roundPrefix(ref.round)}${ref.attempt}`;
}

/** Common to the folders of all attempts at a round. */
export function roundPrefix(round: number): string {
  return `consolidate-r${round}-`;
}

/** Scratch, and outputs, of one step. `nonce` differs in each try, so that a try never mixes its files with another's. */
export interface StepFiles {
  readonly folder: string;
  /** Hands a scratch file over under the work of the round. */
  keepWork(name: string, file: WrittenFile): Promise<string>;
  /** Hands a scratch file over for good, as a change file or a state file. */
  keep(kind: "change" | "state", name: string, file: WrittenFile): Promise<StateFile>;
  /** Downloads objects for DuckDB to read; they go when the step ends. */
  paths(keys: readonly string[]): Promise<string[]>;
}

/**
 * Does a step of a round once: its answer is kept under `name`, and a repeat gets the answer that is there. Only keys
 * that the kept answer names are ever read, so what a killed try left behind does no harm.
 */
export async function stepOnce<Answer>(
  deps: Deps,
  ref: RoundRef,
  name: string,
  signal: AbortSignal,
  work: (files: StepFiles) => Promise<Answer>,
): Promise<Answer> {
  const key = answerKey(ref, name);
  const kept = await readList<Answer>(deps.files, key);
  if (kept !== undefined) return kept;
  await mkdir(deps.scratchFolder, { recursive: true });
  const folder = await mkdtemp(join(deps.scratchFolder, "consolidate-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const nonce = `${name}-${Buffer.from(deps.randomness.bytes(6)).toString("hex")}`;
  const answer = await work({
    folder,
    keepWork: async (file, written) => {
      const kept = fileKeys.work(ref.accountId, roundFolder(ref), `${nonce}/${file}`);
      await deps.files.putIfAbsent(kept, { path: written.path });
      return kept;
    },
    keep: async (kind, file, written) => {
      const kept = fileKeys[kind](ref.accountId, roundFolder(ref), `${nonce}/${file}`);
      await deps.files.putIfAbsent(kept, { path: written.path });
      return { key: kept, rows: written.rows, bytes: written.bytes };
    },
    paths: async (keys) => {
      const local = await Promise.all(keys.map((file) => deps.files.download(file, { signal })));
      return local.map((file) => stack.use(file).path);
    },
  });
  await writeList(deps.files, key, answer);
  return await answerOf<Answer>(deps, ref, name);
}

/** The answer of a step that was done before. */
export async function answerOf<Answer>(deps: Pick<Deps, "files">, ref: RoundRef, name: string): Promise<Answer> {
  const kept = await readList<Answer>(deps.files, answerKey(ref, name));
  if (kept === undefined) throw new TypeError(`step ${name} of round ${ref.round} was not done`);
  return kept;
}

function answerKey(ref: RoundRef, name: string): string {
  return fileKeys.work(ref.accountId, roundFolder(ref), `${name}.json`);
}
