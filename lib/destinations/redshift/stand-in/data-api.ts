import { randomUUID } from "node:crypto";
import { type EngineSession, openEngineSession, type Result } from "./session.ts";
import { AwsFault } from "./sts.ts";
import type { World } from "./world.ts";

type Input = Readonly<Record<string, unknown>>;
type Status = "SUBMITTED" | "STARTED" | "FINISHED" | "FAILED" | "ABORTED";

interface SubStatement {
  readonly sql: string;
  status: Status;
  error?: string;
}

interface Statement {
  readonly id: string;
  readonly token: string;
  readonly isBatch: boolean;
  readonly createdAtMs: number;
  readonly parts: readonly SubStatement[];
  status: Status;
  error?: string;
  result?: Result | undefined;
  session?: EngineSession;
  isCancelled: boolean;
}

/** https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html#data-api-calling-considerations */
const statementBytesMax = 100_000;
const statementsMax = 40;
const activeMax = 500;
const tokenHoursMax = 8;
const rowBytesMax = 65_536;

/** The Data API in front of the engine: statements run by themselves, and are asked after. */
export class DataApiStandIn {
  readonly #world: World;
  readonly #statements = new Map<string, Statement>();
  readonly #runs = new Set<Promise<void>>();

  constructor(world: World) {
    this.#world = world;
  }

  /** An operation by its name, as in `x-amz-target`. Throws an `AwsFault`. */
  async call(operation: string, input: Input): Promise<unknown> {
    switch (operation) {
      case "ExecuteStatement":
        return this.#submit(input, [String(input["Sql"] ?? "")], false);
      case "BatchExecuteStatement":
        return this.#submit(input, (input["Sqls"] as readonly string[] | undefined) ?? [], true);
      case "DescribeStatement":
        return describe(this.#statementOf(input));
      case "GetStatementResult":
        return resultOf(this.#statementOf(input));
      case "CancelStatement":
        return this.#cancel(this.#statementOf(input));
      default:
        throw new AwsFault("UnknownOperationException", operation);
    }
  }

  /** Waits until nothing runs any more. */
  async settle(): Promise<void> {
    while (this.#runs.size > 0) await Promise.all(this.#runs);
  }

  #statementOf({ Id }: Input): Statement {
    const statement = this.#statements.get(String(Id));
    if (statement === undefined) throw new AwsFault("ResourceNotFoundException", `Query does not exist: ${Id}`);
    return statement;
  }

  #submit(input: Input, sqls: readonly string[], isBatch: boolean): unknown {
    const login = this.#loginOf(input);
    if (sqls.length === 0 || sqls.includes("")) throw new AwsFault("ValidationException", "SQL statement is missing");
    if (sqls.length > statementsMax)
      throw new AwsFault("ValidationException", `Member must have length less than or equal to ${statementsMax}`);
    if (sqls.some((sql) => Buffer.byteLength(sql) > statementBytesMax))
      throw new AwsFault("ValidationException", "SQL statement is larger than 100 KB");
    const token = String(input["ClientToken"] ?? randomUUID());
    const oldestMs = this.#world.nowMs() - tokenHoursMax * 3_600_000;
    const earlier = [...this.#statements.values()].find(
      (known) => known.token === token && known.createdAtMs > oldestMs,
    );
    if (earlier !== undefined) return { Id: earlier.id, CreatedAt: earlier.createdAtMs / 1_000 };
    const active = [...this.#statements.values()].filter(
      ({ status }) => status === "STARTED" || status === "SUBMITTED",
    );
    if (active.length >= activeMax)
      throw new AwsFault("ActiveStatementsExceededException", "Active statements exceeded the allowed quota");
    const parts = sqls.map((sql) => ({ sql, status: "SUBMITTED" as Status }));
    const statement: Statement = {
      id: randomUUID(),
      token,
      isBatch,
      parts,
      createdAtMs: this.#world.nowMs(),
      status: "SUBMITTED",
      isCancelled: false,
    };
    this.#statements.set(statement.id, statement);
    const running = this.#run(statement, login);
    this.#runs.add(running);
    void running.finally(() => this.#runs.delete(running));
    return { Id: statement.id, CreatedAt: statement.createdAtMs / 1_000, Database: input["Database"] };
  }

  #loginOf(input: Input): { user: string; password: string; database: string } {
    const warehouse = input["ClusterIdentifier"] ?? input["WorkgroupName"];
    if (warehouse !== "stand-in")
      throw new AwsFault("ValidationException", `Redshift endpoint doesn't exist in this region: ${warehouse}`);
    const { SecretArn, DbUser, Database } = input;
    const secret = SecretArn === undefined ? undefined : this.#world.secrets.get(String(SecretArn));
    if (SecretArn !== undefined && secret === undefined)
      throw new AwsFault("ValidationException", "Secrets Manager can't find the specified secret.");
    const user = secret?.user ?? String(DbUser ?? "");
    return { user, password: this.#world.passwords.get(user) ?? "", database: String(Database) };
  }

  async #run(statement: Statement, login: { user: string; password: string; database: string }): Promise<void> {
    statement.status = "STARTED";
    try {
      await using session = await openEngineSession(this.#world, login);
      statement.session = session;
      if (statement.isBatch) await session.run("BEGIN");
      for (const part of statement.parts) statement.result = await runPart(session, part);
      if (statement.isBatch) await session.run("COMMIT");
      statement.status = "FINISHED";
    } catch (error) {
      statement.error = `ERROR: ${(error as Error).message}`;
      statement.status = statement.isCancelled ? "ABORTED" : "FAILED";
    } finally {
      delete statement.session;
    }
  }

  async #cancel(statement: Statement): Promise<unknown> {
    if (statement.session === undefined)
      throw new AwsFault("ValidationException", "Could not cancel a query that is already in a final state");
    statement.isCancelled = true;
    await this.#world.administer("postgres", "SELECT pg_cancel_backend($1)", [statement.session.processId]);
    return { Status: true };
  }
}

async function runPart(session: EngineSession, part: SubStatement): Promise<Result | undefined> {
  part.status = "STARTED";
  try {
    const results = await session.run(part.sql);
    part.status = "FINISHED";
    return results.at(-1);
  } catch (error) {
    part.status = "FAILED";
    part.error = `ERROR: ${(error as Error).message}`;
    throw error;
  }
}

function describe(statement: Statement): unknown {
  const { id, status, error, parts, isBatch, createdAtMs, result } = statement;
  const subs = parts.map((part, index) => ({
    Id: `${id}:${index + 1}`,
    Status: part.status,
    QueryString: part.sql,
    ...(part.error === undefined ? {} : { Error: part.error }),
  }));
  return {
    Id: id,
    Status: status,
    CreatedAt: createdAtMs / 1_000,
    HasResultSet: (result?.fields.length ?? 0) > 0,
    ...(error === undefined ? {} : { Error: error }),
    ...(isBatch ? { SubStatements: subs } : { QueryString: parts[0]?.sql }),
  };
}

/** Types of the engine that come as numbers or booleans; everything else comes as text. */
const integerTypes = [20, 21, 23];
const floatTypes = [700, 701];
const booleanType = 16;

function resultOf({ status, result }: Statement): unknown {
  if (status !== "FINISHED" || result === undefined || result.fields.length === 0)
    throw new AwsFault(
      "ResourceNotFoundException",
      "Query does not have result. Please check query status with DescribeStatement.",
    );
  const { fields, rows } = result;
  if (rows.some((row) => row.reduce((bytes, value) => bytes + Buffer.byteLength(value ?? ""), 0) > rowBytesMax))
    throw new AwsFault("ValidationException", "Query result row exceeds the limit of 64 KB");
  return {
    ColumnMetadata: fields.map(({ name }) => ({ name, label: name })),
    Records: rows.map((row) => row.map((value, index) => fieldOf(value, fields[index]?.type ?? 0))),
    TotalNumRows: rows.length,
  };
}

function fieldOf(value: string | null, type: number): unknown {
  if (value === null) return { isNull: true };
  if (integerTypes.includes(type)) return { longValue: Number(value) };
  if (floatTypes.includes(type)) return { doubleValue: Number(value) };
  return type === booleanType ? { booleanValue: value === "t" } : { stringValue: value };
}
