import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { S3Client } from "@aws-sdk/client-s3";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import type { LocalPostgres } from "../../local/postgres-server.ts";
import { askPostgres, borrowPostgres, dropDatabase, giveBackPostgres } from "../../local/shared-postgres.ts";
import { type TableName, warehouseTables } from "../../model/tables.ts";
import { s3StagingArea } from "../aws/s3-staging-area.ts";
import { stagingPolicy } from "../aws/staging-policy.ts";
import type { OpenOptions, StagingArea } from "../destination.ts";
import { tableKeys, tableRef } from "../sql/dialect.ts";
import { Faults } from "../stand-ins/faults.ts";
import { startS3 } from "../stand-ins/s3/s3-server.ts";
import { loopbackDial, plainValue, type StartTestbed, type Testbed } from "../testbed.ts";
import { quote, redshiftDialect } from "./dialect.ts";
import { setupScript } from "./setup-script.ts";
import { type AwsServer, startAwsServer } from "./stand-in/aws-server.ts";
import { catalogueSql } from "./stand-in/catalogue.ts";
import { openEngineSession } from "./stand-in/session.ts";
import { startWireServer } from "./stand-in/wire-server.ts";
import type { World } from "./stand-in/world.ts";

const schema = "analytics";
const bucket = "warehouse-sync-staging";
const region = "eu-west-1";
const writerRole = "arn:aws:iam::123456789012:role/warehouse-sync-writer";
const customerRole = "arn:aws:iam::210987654321:role/redshift-sync";

/** What plays Redshift, S3 and STS for one testbed, and what a test may do to them. */
export interface RedshiftTestbed extends Testbed {
  readonly world: World;
  /** Answers of the database to its administrator, past the stand-in. */
  ask(sql: string): Promise<readonly Record<string, unknown>[]>;
  /** From now on the next statement that matches fails so, once. */
  failNext(pattern: RegExp, failure: Error): void;
}

/** The stand-in for each transport. */
export const testbeds: Readonly<Record<string, () => Promise<RedshiftTestbed>>> = {
  password: () => start("password"),
  "data-api": () => start("data-api"),
} satisfies Record<string, StartTestbed>;

/** A cluster by password. */
export const startTestbed = () => start("password");

/** As plain JSON, what another process needs to reach the same stand-ins. */
interface Handle {
  readonly awsUrl: string;
  readonly s3Url: string;
  readonly prefix: string;
}

/** Each of its statements is a call that is submitted and polled, which makes it the slowest. */
export const variants: readonly string[] = ["data-api"];

export function openOptionsOf(handle: unknown): Partial<OpenOptions> {
  const { awsUrl, s3Url, prefix } = handle as Handle;
  return {
    staging: stagingAreaAt(awsUrl, s3Url, prefix),
    awsKeys: async () => ({ accessKeyId: "writer", secretAccessKey: "writer" }),
    awsEndpoints: { sts: awsUrl, "redshift-data": awsUrl, s3: s3Url },
  };
}

function stagingAreaAt(awsUrl: string, s3Url: string, prefix: string): StagingArea {
  const own = { region, credentials: { accessKeyId: "writer", secretAccessKey: "writer" } };
  const sts = new STSClient({ ...own, endpoint: awsUrl });
  return s3StagingArea({
    client: new S3Client({ ...own, endpoint: s3Url, forcePathStyle: true }),
    address: { bucket, region, prefix },
    credentials: async (under) => {
      const Policy = stagingPolicy({ bucket }, under);
      const request = { RoleArn: writerRole, RoleSessionName: "writer", Policy };
      const { Credentials } = await sts.send(new AssumeRoleCommand(request));
      const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = Credentials ?? {};
      return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
    },
  });
}

async function start(transport: "password" | "data-api"): Promise<RedshiftTestbed> {
  await using stack = new AsyncDisposableStack();
  const server = await borrowPostgres();
  stack.defer(giveBackPostgres);
  const name = `t_${randomBytes(6).toString("hex")}`;
  stack.defer(() => dropDatabase(server, name));
  const s3 = stack.use(await startS3({ bucketName: bucket }));
  const planned: { pattern: RegExp; failure: Error }[] = [];
  const world = worldOf(server, s3, planned);
  const wire = stack.use(await startWireServer(world));
  const aws: AwsServer = stack.use(await startAwsServer(world));
  const [username, password, externalId] = [
    `writer_${name}`,
    `canary-${randomBytes(9).toString("hex")}`,
    randomBytes(16).toString("hex"),
  ];
  await server.createDatabase(name);
  const ask = (sql: string) => askPostgres(server, name, sql);
  await ask(catalogueSql);
  await ask(
    `ALTER DATABASE ${name} SET search_path = redshift, pg_catalog, public; ALTER DATABASE ${name} SET client_connection_check_interval = 200`,
  );
  const administer = async (sql: string) => {
    await using session = await openEngineSession(world, { ...server, database: name });
    await session.run(sql);
  };
  await administer(setupScript({ database: name, schema, username }, { tablePrefix: "klaviyo_" }));
  await ask(`ALTER ROLE ${quote(username)} PASSWORD '${password}'`);
  const secretArn = `arn:aws:secretsmanager:${region}:210987654321:secret:redshift-${name}`;
  world.passwords.set(username, password);
  world.secrets.set(secretArn, { user: username });
  world.roles.set(writerRole, { externalId: undefined }).set(customerRole, { externalId });
  const handle: Handle = { awsUrl: aws.url, s3Url: s3.url, prefix: `staging/${name}/` };
  const about = { database: name, schema, transport };
  const kept = stack.move();
  return {
    world,
    ask,
    administer,
    handle,
    options: openOptionsOf(handle),
    target: { externalId },
    settings:
      transport === "password"
        ? { ...about, host: "warehouse.test", port: wire.port, username, password, sslmode: "disable" }
        : { ...about, roleArn: customerRole, region, workgroup: "stand-in", secretArn, username },
    dial: loopbackDial,
    folder: tmpdir(),
    failNext: (pattern, failure) => void planned.push({ pattern, failure }),
    rows: async (table, prefix = "klaviyo_") => {
      const found = await ask(selectTexts(table, prefix));
      return found.map((row) =>
        Object.fromEntries(
          warehouseTables[table].map(({ name: column, type }) => [column, plainValue(type, row[column])]),
        ),
      );
    },
    columns: async (table) => {
      const found = await ask(
        `SELECT column_name, is_nullable FROM svv_columns WHERE table_name = 'klaviyo_${table}' ORDER BY ordinal_position`,
      );
      return found.map((row) => ({ name: String(row["column_name"]), required: row["is_nullable"] === "NO" }));
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function worldOf(server: LocalPostgres, s3: World["s3"], planned: { pattern: RegExp; failure: Error }[]): World {
  return {
    ...{ server, s3, bucket, region, clusterRegion: region, faults: new Faults(), nowMs: Date.now },
    ...{ keys: new Map(), roles: new Map(), clusterRoles: new Map(), passwords: new Map(), secrets: new Map() },
    administer: (database, sql, values) => askPostgres(server, database, sql, values),
    lengths: new Set(),
    beforeStatement: async (sql) => {
      const at = planned.findIndex(({ pattern }) => pattern.test(sql));
      const [plan] = at < 0 ? [] : planned.splice(at, 1);
      if (plan !== undefined) throw plan.failure;
    },
  };
}

function selectTexts(table: TableName, prefix: string): string {
  const columns = warehouseTables[table].map(({ name, type }) => {
    const text = type === "instant" ? `to_char("${name}", 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')` : `"${name}"::text`;
    return `${text} AS "${name}"`;
  });
  return `SELECT ${columns.join(", ")} FROM ${tableRef(redshiftDialect(schema), prefix, table)} ORDER BY ${tableKeys[table].join(", ")}`;
}
