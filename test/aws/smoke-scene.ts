import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { openSftpDoor } from "../support/aws/deployed/sftp-door.ts";
import type { Shop } from "../support/aws/deployed/shop.ts";
import { warehouseHost } from "../support/aws/deployed/warehouse-place.ts";

const run = promisify(execFile);
const surroundings = join(import.meta.dirname, "../support/aws/deployed/function-surroundings.ts");

/** The operator's own test of a deployment, as the command that the operator gives. */
export function smokeScene(shop: () => Shop): void {
  test("npm run smoke does the main job against it over SFTP, and leaves nothing", async () => {
    const { bed, installation, operator, warehousePort } = shop();
    const { user, password, database } = bed.server;
    const login = `${user}:${encodeURIComponent(password)}`;
    await using door = await openSftpDoor(installation);
    const done = new AbortController();
    const delivered = deliverUntil(installation.bus, done.signal);

    const words = ["--api", installation.url, "--sftp", `127.0.0.1:${door.port}`, "--poll", "100"];
    const warehouse = `postgres://${login}@${warehouseHost}/${database}?sslmode=disable`;
    const { stdout } = await told(
      run(process.execPath, ["--import", surroundings, "bin/smoke.ts", ...words, "--postgres", warehouse], {
        env: { WS_OPERATOR_TOKEN: operator.token, TEST_WAREHOUSE_PORT: String(warehousePort) },
      }),
    );
    done.abort();
    await delivered;
    await installation.settle();

    expect(stdout).toContain("All of it went well.");
    expect(stdout).toContain("which this API does not tell: AWS made it");
    expect((await operator.api.call("GET /accounts")).items.map(({ name }) => name)).toEqual(["Shop of ada"]);
  });
}

/** A command that ended badly is told with what it said. */
async function told<T>(command: Promise<T>): Promise<T> {
  return command.catch((error: { readonly stdout?: string; readonly stderr?: string }) => {
    throw new Error(`${error.stdout}${error.stderr}`, { cause: error });
  });
}

/** Queues go on by themselves where nobody waits for the end of anything. */
async function deliverUntil(bus: { deliver(): Promise<void> }, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await bus.deliver();
    await setTimeout(50);
  }
}
