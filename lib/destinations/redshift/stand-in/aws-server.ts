import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { DataApiStandIn } from "./data-api.ts";
import { AwsFault, assumeRole, errorXml } from "./sts.ts";
import type { World } from "./world.ts";

export interface AwsServer extends AsyncDisposable {
  readonly url: string;
}

/** STS (query protocol) and Redshift's Data API (JSON 1.1) on one port of the loopback. */
export async function startAwsServer(world: World): Promise<AwsServer> {
  const dataApi = new DataApiStandIn(world);
  const server = createServer((request, response) => {
    answer(world, dataApi, request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
      await dataApi.settle();
    },
  };
}

async function answer(
  world: World,
  dataApi: DataApiStandIn,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString();
  const target = request.headers["x-amz-target"];
  const operation = target === undefined ? "AssumeRole" : (String(target).split(".").at(-1) ?? "");
  const fault = world.faults.take(operation);
  if (fault === "drop-before") return void request.socket.destroy();
  const reply = await replyTo(world, dataApi, {
    operation,
    body,
    authorization: String(request.headers.authorization ?? ""),
    fault,
  });
  if (fault === "drop-after") return void request.socket.destroy();
  response.writeHead(reply.status, { "content-type": reply.type, "x-amzn-requestid": "test" }).end(reply.body);
}

interface Asked {
  readonly operation: string;
  readonly body: string;
  readonly authorization: string;
  readonly fault: string | undefined;
}

async function replyTo(world: World, dataApi: DataApiStandIn, asked: Asked) {
  const isSts = asked.operation === "AssumeRole";
  const type = isSts ? "text/xml" : "application/x-amz-json-1.1";
  try {
    if (asked.fault === "throttle") throw new AwsFault("ThrottlingException", "Rate exceeded");
    if (asked.fault === "error-before") throw new AwsFault("InternalServerException", "internal", 500);
    if (!isSts) requireSignature(world, asked.authorization);
    const body = isSts
      ? assumeRole(world, new URLSearchParams(asked.body))
      : JSON.stringify(await dataApi.call(asked.operation, JSON.parse(asked.body)));
    if (asked.fault === "error-after") throw new AwsFault("InternalServerException", "internal", 500);
    return { status: 200, type, body };
  } catch (error) {
    const fault = error instanceof AwsFault ? error : new AwsFault("InternalServerException", String(error), 500);
    const body = isSts
      ? errorXml(fault)
      : JSON.stringify({ __type: fault.name, message: fault.message, Message: fault.message });
    return { status: fault.status, type, body };
  }
}

/** Only keys that STS gave out for a role that trusts us, and only until they run out. */
function requireSignature(world: World, authorization: string): void {
  const keys = world.keys.get(/Credential=([A-Z0-9]+)\//.exec(authorization)?.[1] ?? "");
  if (keys === undefined)
    throw new AwsFault("UnrecognizedClientException", "The security token included in the request is invalid.");
  if (keys.endsAtMs < world.nowMs())
    throw new AwsFault("ExpiredTokenException", "The security token included in the request is expired");
  if (!world.roles.has(keys.role))
    throw new AwsFault("AccessDeniedException", "User is not authorized to perform: redshift-data");
}
