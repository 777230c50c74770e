import type { Destination, OpenOptions, Warehouse } from "../../lib/destinations/destination.ts";
import type { Engine, EngineSession } from "../../lib/engine/engine.ts";
import type { Deps } from "../../lib/flows/deps.ts";
import type {
  Clock,
  Files,
  Randomness,
  Secrets,
  SftpUsers,
  Table,
  TableWrite,
  Workflows,
  Writers,
} from "../../lib/flows/ports.ts";

/** Thrown where the process would have died. Afterwards every call through the same deps throws it too. */
export class Killed extends Error {
  override readonly name = "Killed";
}

/**
 * `record`: passes every point and notes its name. `killAt: n`: dies in-process at the point with index n.
 * `sigkillAt: n`: kills this very process there.
 */
export type KillPlan = "record" | { readonly killAt: number } | { readonly sigkillAt: number };

export interface KillPoints {
  readonly deps: Deps;
  /** Names of the points passed so far, in order: `table.transact import/im1 +2 before`. */
  readonly points: readonly string[];
  readonly isDead: boolean;
  /** Resolves with the name of the point when it dies in-process: time to dispose of what runs outside the deps. */
  readonly killed: Promise<string>;
}

/** `effect`: changes something outside, so a point stands before and after. `read`: changes nothing. `pure`: needs no process. */
type Kind = "effect" | "read" | "pure";
type Kinds<Port> = Readonly<Record<Exclude<keyof Port, symbol>, Kind>>;

/** Every method of every port. A method that is added to a port does not type-check, and throws, until it stands here. */
export const portMethods = {
  table: { get: "read", query: "read", put: "effect", delete: "effect", transact: "effect" } satisfies Kinds<Table>,
  files: {
    putIfAbsent: "effect",
    put: "effect",
    copy: "effect",
    delete: "effect",
    get: "read",
    stat: "read",
    download: "read",
    list: "read",
    versions: "read",
    presign: "read",
  } satisfies Kinds<Files>,
  secrets: { put: "effect", delete: "effect", get: "read" } satisfies Kinds<Secrets>,
  workflows: { start: "effect", stop: "effect", describe: "read" } satisfies Kinds<Workflows>,
  // Its effects are those of the step that it runs, which goes through these deps too; a point of its own stands around the call.
  writers: { call: "effect" } satisfies Kinds<Writers>,
  sftpUsers: {
    createUser: "effect",
    addKey: "effect",
    removeKey: "effect",
    removeUser: "effect",
  } satisfies Kinds<SftpUsers>,
  clock: { now: "pure", sleep: "read" } satisfies Kinds<Clock>,
  randomness: { bytes: "pure", fraction: "pure" } satisfies Kinds<Randomness>,
  // DuckDB in this process writes scratch files only, and what is in them may vanish.
  engine: { open: "read", close: "pure" } satisfies Kinds<Engine>,
  session: { run: "read", rows: "read", json: "read", connection: "pure" } satisfies Kinds<EngineSession>,
  warehouse: {
    check: "effect",
    stage: "effect",
    commit: "effect",
    rehearse: "effect",
    adopt: "effect",
    poll: "effect",
    discard: "effect",
    heads: "read",
    receipts: "read",
    hasReceipt: "read",
  } satisfies Kinds<Warehouse>,
};

/** Every part of `Deps`, and whether it is wrapped here. */
const depsParts = {
  table: "wrapped",
  files: "wrapped",
  secrets: "wrapped",
  workflows: "wrapped",
  writers: "wrapped",
  sftpUsers: "wrapped",
  uploadsAreWhole: "passed on",
  isPartialUpload: "wrapped",
  clock: "wrapped",
  randomness: "wrapped",
  engine: "wrapped",
  destination: "wrapped",
  dial: "wrapped",
  destinationKinds: "passed on",
  tablePrefix: "passed on",
  allowsEndpoints: "passed on",
  // Reached within the warehouse's own steps, which have their kill-points.
  stagingArea: "passed on",
  awsEndpoints: "passed on",
  accountFolder: "passed on",
  scratchFolder: "passed on",
  log: "passed on",
} satisfies Record<keyof Deps, "wrapped" | "passed on">;

/** Puts a kill-point before and after every outside effect that can go through these deps, the steps inside a warehouse included. */
export function withKillPoints(deps: Deps, plan: KillPlan): KillPoints {
  for (const part of Object.keys(deps)) {
    if (!(part in depsParts)) throw new TypeError(`deps.${part} is not classified`);
  }
  const points = new Points(plan);
  const wrapped: Partial<Deps> = {};
  for (const part of Object.keys(depsParts) as (keyof Deps)[]) {
    if (part in deps) Object.assign(wrapped, { [part]: wrapPart(deps, part, points) });
  }
  return {
    deps: wrapped as Deps,
    points: points.names,
    killed: points.killed,
    get isDead() {
      return points.isDead;
    },
  };
}

class Points {
  readonly names: string[] = [];
  readonly killed: Promise<string>;
  isDead = false;
  readonly #plan: KillPlan;
  readonly #resolveKilled: (name: string) => void;

  constructor(plan: KillPlan) {
    this.#plan = plan;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.killed = promise;
    this.#resolveKilled = resolve;
  }

  /** Throws once dead, so that no handler of the dead process has any effect. */
  assertAlive(): void {
    if (this.isDead) throw new Killed("the process is dead");
  }

  pass(name: string): void {
    this.assertAlive();
    const index = this.names.push(name) - 1;
    if (this.#plan === "record") return;
    if ("sigkillAt" in this.#plan) {
      if (index === this.#plan.sigkillAt) process.kill(process.pid, "SIGKILL");
    } else if (index === this.#plan.killAt) {
      this.isDead = true;
      this.#resolveKilled(name);
      throw new Killed(`killed at ${name}`);
    }
  }
}

function wrapPart(deps: Deps, part: keyof Deps, points: Points): unknown {
  switch (part) {
    case "destination":
      return async (kind: string) => wrapDestination(await deps.destination(kind), points);
    case "dial":
      return alive(points, deps.dial);
    case "isPartialUpload":
      return alive(points, deps.isPartialUpload);
    case "engine":
      return wrapEngine(deps.engine, points);
    case "table":
    case "files":
    case "secrets":
    case "workflows":
    case "writers":
    case "sftpUsers":
    case "clock":
    case "randomness":
      return wrapPort(part, deps[part], points);
    case "uploadsAreWhole":
    case "destinationKinds":
    case "tablePrefix":
    case "allowsEndpoints":
    case "stagingArea":
    case "awsEndpoints":
    case "accountFolder":
    case "scratchFolder":
    case "log":
      return deps[part];
  }
}

type Method = (...args: unknown[]) => unknown;

function wrapPort<Port extends object>(name: keyof typeof portMethods, port: Port, points: Points): Port {
  const kinds: Readonly<Record<string, Kind>> = portMethods[name];
  return new Proxy(port, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function") return value;
      // Not `bind`: V8 takes no bound function as a disposer.
      const method: Method = (...args) => Reflect.apply(value as Method, target, args);
      if (typeof property === "symbol") return method;
      const kind = kinds[property];
      if (kind === undefined) throw new TypeError(`${name}.${property} is not classified`);
      if (kind === "pure") return method;
      return kind === "read" ? alive(points, method) : effect(points, `${name}.${property}`, method);
    },
  });
}

/** What was read is not delivered to the dead either. */
function alive<Args extends unknown[], T>(
  points: Points,
  read: (...args: Args) => T | Promise<T>,
): (...args: Args) => Promise<T> {
  return async (...args) => {
    points.assertAlive();
    const answer = await read(...args);
    points.assertAlive();
    return answer;
  };
}

function effect(points: Points, name: string, method: Method): Method {
  return async (...args) => {
    const label = [name, ...subjectOf(args)].join(" ");
    points.pass(`${label} before`);
    const answer = await method(...args);
    points.pass(`${label} after`);
    return answer;
  };
}

/** What an effect is about, in a word: a sort key, an object key, a name. */
function subjectOf(args: readonly unknown[]): string[] {
  const [first, second] = args;
  if (Array.isArray(first)) return transactionSubject(first as readonly TableWrite[]);
  if (typeof first === "string") return typeof second === "string" ? [first, second] : [first];
  if (typeof first !== "object" || first === null) return [];
  const named = first as Readonly<Record<string, unknown>>;
  const subject = named["sk"] ?? named["number"] ?? named["planId"] ?? named["id"];
  return subject === undefined ? [] : [String(subject)];
}

function transactionSubject(writes: readonly TableWrite[]): string[] {
  const keys = writes.map((write) => ("put" in write ? write.put : "delete" in write ? write.delete : write.check).sk);
  return keys.length > 1 ? [String(keys[0]), `+${keys.length - 1}`] : keys;
}

function wrapEngine(engine: Engine, points: Points): Engine {
  const wrapped = wrapPort("engine", engine, points);
  return {
    open: async (signal) => wrapPort("session", await wrapped.open(signal), points),
    close: () => engine.close(),
  };
}

function wrapDestination(destination: Destination, points: Points): Destination {
  return {
    ...destination,
    open: async (settings, target, options) => {
      points.assertAlive();
      const warehouse = await destination.open(settings, target, watched(options, points));
      return wrapWarehouse(warehouse, points);
    },
  };
}

/** Points at each step inside a warehouse's work, beside whoever watches them already. */
function watched(options: OpenOptions, points: Points): OpenOptions {
  return {
    ...options,
    onStep: async (step, moment) => {
      points.pass(`step ${step} ${moment}`);
      await options.onStep?.(step, moment);
    },
  };
}

function wrapWarehouse(warehouse: Warehouse, points: Points): Warehouse {
  const wrapped = wrapPort("warehouse", warehouse, points);
  async function* check() {
    points.pass("warehouse.check before");
    for await (const step of warehouse.check()) {
      points.assertAlive();
      yield step;
    }
    points.pass("warehouse.check after");
  }
  return new Proxy(wrapped, {
    get: (target, property) => (property === "check" ? check : Reflect.get(target, property, target)),
  });
}
