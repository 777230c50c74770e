import { statSync } from "node:fs";
import type { Deps } from "../lib/flows/deps.ts";
import type { FileBody, Files, Table, TableWrite } from "../lib/flows/ports.ts";
import type { Counts } from "../lib/operate/costs/counts.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Counts that go up while a system works. */
export type Tally = Mutable<Omit<Counts, "steps">> & { steps: Record<string, { calls: number; seconds: number }> };

/** Objects over this travel in parts of it, as the S3 adapter sends and fetches them. */
const partBytes = 8 * 1024 * 1024;

export function newTally(): Tally {
  return {
    steps: {},
    transitions: 0,
    tableReads: 0,
    tableWrites: 0,
    s3Puts: 0,
    s3Gets: 0,
    secretCalls: 0,
    executions: 0,
    bytesToWarehouse: 0,
    bytesKept: 0,
  };
}

/** Stands between flows and ports and counts what AWS would bill for each call. `tally` is asked for each time, so that phases may have their own. */
export function countingDeps(deps: Deps, tally: () => Tally): Deps {
  return {
    ...deps,
    table: countingTable(deps.table, tally),
    files: countingFiles(deps.files, tally),
    secrets: counted(deps.secrets, () => {
      tally().secretCalls += 1;
    }),
    workflows: counted(deps.workflows, (method) => {
      if (method === "start") tally().executions += 1;
    }),
    dial: async (...args) => {
      const socket = await deps.dial(...args);
      // Of the tally at the time of dialling: a connection lives within one step.
      const counts = tally();
      socket.once("close", () => {
        counts.bytesToWarehouse += socket.bytesWritten;
      });
      return socket;
    },
    log: (event, fields) => {
      if (event === "step") noteStep(tally(), String(fields?.["name"]), Number(fields?.["elapsedMs"]) / 1_000);
      deps.log(event, fields);
    },
  };
}

export function noteStep(tally: Tally, name: string, seconds: number): void {
  const step = tally.steps[name] ?? { calls: 0, seconds: 0 };
  tally.steps[name] = { calls: step.calls + 1, seconds: step.seconds + seconds };
}

function counted<Port extends object>(port: Port, note: (method: string) => void): Port {
  return new Proxy(port, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        note(String(property));
        return Reflect.apply(value, target, args);
      };
    },
  });
}

/** Reads are strongly consistent (one unit for 4 KB); a transaction costs twice what its writes cost alone. */
function countingTable(table: Table, tally: () => Tally): Table {
  const read = (bytes: number) => {
    tally().tableReads += Math.max(1, Math.ceil(bytes / 4_096));
  };
  const write = (bytes: number, factor: number) => {
    tally().tableWrites += factor * Math.max(1, Math.ceil(bytes / 1_024));
  };
  return {
    get: async (key) => {
      const item = await table.get(key);
      read(jsonBytes(item));
      return item;
    },
    query: async (query) => {
      const page = await table.query(query);
      read(page.items.reduce((bytes, item) => bytes + jsonBytes(item), 0));
      return page;
    },
    // A put under a condition may go as a transaction of one, to be safe to repeat: counted as that.
    put: async (item, condition) => {
      write(jsonBytes(item), condition === undefined ? 1 : 2);
      await table.put(item, condition);
    },
    delete: async (key, condition) => {
      write(jsonBytes(key), condition === undefined ? 1 : 2);
      await table.delete(key, condition);
    },
    transact: async (writes) => {
      for (const each of writes) write(bytesOf(each), 2);
      await table.transact(writes);
    },
  };
}

function bytesOf(write: TableWrite): number {
  return jsonBytes("put" in write ? write.put : "delete" in write ? write.delete : write.check);
}

function jsonBytes(value: unknown): number {
  return value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value));
}

function countingFiles(files: Files, tally: () => Tally): Files {
  const put = (body: FileBody) => {
    const bytes = "path" in body ? statSync(body.path).size : body.length;
    tally().s3Puts += bytes <= partBytes ? 1 : Math.ceil(bytes / partBytes) + 2;
    tally().bytesKept += bytes;
  };
  const get = (bytes: number) => {
    tally().s3Gets += Math.max(1, Math.ceil(bytes / partBytes));
  };
  return new Proxy(files, {
    get: (target, property) => {
      const method = Reflect.get(target, property, target) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        if (property === "put" || property === "putIfAbsent") put(args[1] as FileBody);
        if (property === "list" || property === "versions") tally().s3Puts += 1;
        const answer = await Reflect.apply(method, target, args);
        if (property === "get") get((answer as Uint8Array | undefined)?.length ?? 0);
        if (property === "stat") get(0);
        if (property === "download") get((answer as { bytes: number }).bytes);
        return answer;
      };
    },
  });
}
