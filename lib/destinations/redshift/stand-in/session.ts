import pg from "pg";
import { varcharDomain } from "./catalogue.ts";
import { runCopy } from "./copy.ts";
import { RedshiftFault } from "./fault.ts";
import { requireKnown } from "./parsed-elsewhere.ts";
import { refuse } from "./refusals.ts";
import { type Statement, statementsOf, wordsAt } from "./tokens.ts";
import { translate } from "./translate.ts";
import type { World } from "./world.ts";

/** What a statement answers: values as text, as both of Redshift's protocols have them. */
export interface Result {
  readonly tag: string;
  readonly fields: readonly { readonly name: string; readonly type: number }[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** A session of one user with the engine behind the stand-in. */
export interface EngineSession extends AsyncDisposable {
  /** Runs statements in order, each as Redshift would. Throws a `RedshiftFault`. */
  run(sql: string): Promise<readonly Result[]>;
  /** `I`dle, in a `T`ransaction, or in one that has `E`rred. */
  readonly status: "I" | "T" | "E";
  readonly processId: number;
}

const asText = { getTypeParser: () => (value: unknown) => value } as never;

/** Logs a user in. Throws what Redshift says of a login that it refuses. */
export async function openEngineSession(
  world: World,
  login: { readonly user: string; readonly password: string; readonly database: string },
): Promise<EngineSession> {
  const { host, port } = world.server;
  const client = new pg.Client({ host, port, ...login, application_name: "redshift stand-in" });
  let status: EngineSession["status"] = "I";
  client.on("error", () => undefined);
  (client as unknown as { connection: NodeJS.EventEmitter }).connection.on(
    "readyForQuery",
    (message: { readonly status: EngineSession["status"] }) => {
      status = message.status;
    },
  );
  try {
    await client.connect();
  } catch (error) {
    throw faultOf(error, "FATAL");
  }
  const query = async (sql: string, values?: unknown[]): Promise<Result> => {
    try {
      const { command, rowCount, fields, rows } = await client.query<(string | null)[]>({
        text: sql,
        rowMode: "array",
        types: asText,
        ...(values === undefined ? {} : { values }),
      });
      return {
        tag: `${command}${command === "INSERT" ? " 0" : ""}${rowCount === null ? "" : ` ${rowCount}`}`,
        fields: fields.map(({ name, dataTypeID }) => ({ name, type: dataTypeID })),
        rows,
      };
    } catch (error) {
      throw faultOf(error, "ERROR");
    }
  };
  const engine = { client, query, user: login.user, database: login.database, isInTransaction: () => status !== "I" };
  return {
    run: async (sql) => {
      const results: Result[] = [];
      for (const statement of statementsOf(sql)) results.push(await runOne(world, engine, statement));
      return results;
    },
    get status() {
      return status;
    },
    processId: (client as unknown as { processID: number }).processID,
    [Symbol.asyncDispose]: () => client.end(),
  };
}

/** The session as the parts of the stand-in use it. */
export interface Engine {
  readonly client: pg.Client;
  readonly query: (sql: string, values?: unknown[]) => Promise<Result>;
  readonly user: string;
  readonly database: string;
  readonly isInTransaction: () => boolean;
}

async function runOne(world: World, engine: Engine, { tokens, source }: Statement): Promise<Result> {
  try {
    await world.beforeStatement(source);
    refuse(tokens);
    requireKnown(tokens, source);
    if (wordsAt(tokens, 0, "COPY")) return await runCopy(world, engine, tokens);
  } catch (error) {
    // What the stand-in refuses by itself ends the engine's transaction too.
    if (engine.isInTransaction()) await engine.query("SELECT 1 / 0").catch(() => undefined);
    throw error;
  }
  const { sql, lengths } = translate(tokens);
  const added = lengths.filter((length) => !world.lengths.has(length));
  if (added.length > 0) await world.administer(engine.database, added.map(varcharDomain).join(";"));
  for (const length of added) world.lengths.add(length);
  return engine.query(sql);
}

/** https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation-serializable-isolation-troubleshooting.html */
function faultOf(error: unknown, severity: "ERROR" | "FATAL"): RedshiftFault {
  const { code = "XX000", message, detail } = error as { code?: string; message: string; detail?: string };
  if (code === "40001") {
    return new RedshiftFault("XX000", "1023", {
      detail: "Serializable isolation violation on table in Redshift",
      severity,
    });
  }
  if (code === "21000" && message.includes("MERGE"))
    return new RedshiftFault("XX000", "Found multiple matches to update the same tuple.", { severity });
  if (code === "23514" && message.includes("varchar_"))
    return new RedshiftFault("22001", "value too long for type character varying", { severity });
  const words = message.replace(/permission denied for table/, "permission denied for relation");
  return new RedshiftFault(code, words, { severity, cause: error, ...(detail === undefined ? {} : { detail }) });
}
