import { setTimeout } from "node:timers/promises";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import type { PostgresTestbed } from "../../../../lib/destinations/postgres/testbed.ts";
import { startTestbed } from "../../../../lib/destinations/postgres/testbed.ts";
import { hourMs, minuteMs } from "../../../../lib/model/time.ts";
import { testCertificate } from "../../tls-certificate.ts";
import { type DeployedInstallation, deployInstallation } from "./deployed-installation.ts";
import { keyOfOperator } from "./principals.ts";
import { type Operator, openOperator, openTenant, type Tenant } from "./tenant.ts";
import { tlsFront } from "./tls-front.ts";
import { warehouseHost } from "./warehouse-place.ts";

/** A deployed installation with a first tenant, and a PostgreSQL server that only its writers can reach. */
export interface Shop extends AsyncDisposable {
  readonly installation: DeployedInstallation;
  readonly bed: PostgresTestbed;
  readonly operator: Operator;
  readonly ada: Tenant;
  /** Where the warehouse's server listens, with TLS and without. */
  readonly warehousePort: number;
  /** Settings of a connection to the warehouse, over TLS. */
  readonly warehouse: Readonly<Record<string, unknown>>;
  /** An hour goes by, and its rule runs. */
  readonly hour: () => Promise<void>;
  /** Time goes by, and what waited for it happens. */
  readonly pass: (ms: number) => Promise<void>;
  /** The sweep's rule runs. */
  readonly sweep: () => Promise<void>;
  /** An object that work which was killed left behind. */
  readonly leave: (key: string) => Promise<void>;
}

/** Deploys, and opens the first account. */
export async function openShop(): Promise<Shop> {
  await using starting = new AsyncDisposableStack();
  const bed = starting.use(await startTestbed());
  const { port: warehousePort } = starting.use(await tlsFront(bed.server.port));
  const installation = starting.use(await deployInstallation({ warehousePort }));
  const operator = await openOperator(installation);
  const ada = await openTenant(installation, operator, "ada");
  const { clock, bus, settle, name } = installation;
  const tick = async (rule: string) => {
    await bus.tick(`${name}-${rule}`);
    await settle();
  };
  const pass = async (ms: number) => {
    clock.wind(ms);
    await settle();
  };
  const place = { host: warehouseHost, port: 5432, sslmode: "verify-full", caCertificate: testCertificate };
  const running = starting.move();
  return {
    ...{ installation, bed, operator, ada, pass, warehousePort },
    warehouse: { ...bed.settings, ...place },
    hour: async () => {
      await pass(hourMs);
      await tick("hourly");
    },
    sweep: () => tick("sweep"),
    leave: async (Key) => {
      const { bucketName: Bucket } = installation.stores;
      await installation.clientOf(keyOfOperator).send(new PutObjectCommand({ Bucket, Key, Body: "left behind" }));
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** So long Transfer Family's word is waited for, and a little longer. */
export const unconfirmedMs = 16 * minuteMs;

/** An account's imports by the name of the file, newest version first in the list. */
export async function importsOf({ api }: Pick<Tenant, "api">) {
  const { items } = await api.call("GET /imports", { query: { limit: 100 } });
  return new Map(items.toReversed().map((item) => [item.file, item]));
}

/** Statuses of an account's syncs: `Profiles Periodic Scheduled`. */
export async function syncsOf({ api }: Pick<Tenant, "api">) {
  const { items } = await api.call("GET /syncs");
  return new Map(items.map((item) => [`${item.name} ${item.tab}`, item]));
}

/** Waits until something is so, which no execution's end tells. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await setTimeout(20);
}
