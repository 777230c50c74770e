import { execFile } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const handlerPath = resolve(import.meta.dirname, "../../functions/authorize-call/handler.ts");

/** The daemon that Lambda runs beside a function: takes segments by UDP. */
async function startDaemon(): Promise<AsyncDisposable & { readonly address: string; readonly heard: string[] }> {
  const socket: Socket = createSocket("udp4");
  const heard: string[] = [];
  socket.on("message", (message) => heard.push(message.toString()));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    heard,
    [Symbol.asyncDispose]: () => new Promise((closed) => void socket.close(() => closed())),
  };
}

/** What Lambda puts into the environment, and `lib/infra` beside it. */
function environment(daemonAddress: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    AWS_REGION: "eu-central-1",
    AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
    AWS_XRAY_DAEMON_ADDRESS: daemonAddress,
    LAMBDA_TASK_ROOT: "/var/task",
    _HANDLER: "index.handler",
    _X_AMZN_TRACE_ID: "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
    POWERTOOLS_SERVICE_NAME: "authorize-call",
    WS_NAME: "warehouse-sync",
    WS_VERSION: "0.0.0",
    WS_TABLE: "table",
    WS_BUCKET: "bucket",
    WS_SECRET_PREFIX: "warehouse-sync/",
    WS_KMS_KEY_ARN: "arn:aws:kms:eu-central-1:111122223333:key/0",
    WS_STATE_MACHINE_PREFIX: "arn:aws:states:eu-central-1:111122223333:stateMachine:warehouse-sync-",
    WS_WRITER_PREFIX: "warehouse-sync-writer-",
  };
}

test("a call in Lambda is traced by name and account, and shows its token neither there nor in the log", async () => {
  await using daemon = await startDaemon();
  const event = { authorizationToken: "Bearer not-to-be-seen", methodArn: "arn/v1/GET/x", accountId: "ac1" };
  const script = `
    const { handler } = await import(${JSON.stringify(handlerPath)});
    await handler(${JSON.stringify(event)}, { awsRequestId: "r1" }).catch((error) => console.log(error.message));
    await new Promise((sent) => setTimeout(sent, 100));
  `;

  const { stdout, stderr } = await run(process.execPath, ["--input-type=module", "--eval", script], {
    env: environment(daemon.address),
  });

  expect(stdout).toContain("Unauthorized");
  expect(daemon.heard.join("")).toContain(`"name":"## index.handler"`);
  expect(daemon.heard.join("")).toContain(`"accountId":"ac1"`);
  expect(`${stdout}${stderr}${daemon.heard.join("")}`).not.toContain("not-to-be-seen");
});
