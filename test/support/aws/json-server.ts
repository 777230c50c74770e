import { type LoopbackServer, serveLoopback, textOf } from "./loopback.ts";

/** A failure as an AWS service reports it; the SDK throws an error of this name. */
export class AwsFault extends Error {
  readonly status: number;

  constructor(name: string, message = name, status = 400) {
    super(message);
    this.name = name;
    this.status = status;
  }
}

/** By the operation's name, as in the header `x-amz-target`: the input in, the output out. */
export type Operations = Readonly<Record<string, (input: Readonly<Record<string, unknown>>) => unknown>>;

export interface AwsServer extends LoopbackServer {
  /** Names of the operations that were called, tries and all. */
  readonly calls: string[];
  /** The next calls of an operation fail so, after the work where `afterwards`: as if the answer was lost. */
  failNext(operation: string, fault: AwsFault, options?: { times?: number; afterwards?: boolean }): void;
}

interface Planned {
  readonly fault: AwsFault;
  readonly isAfterwards: boolean;
  left: number;
}

/** A service of AWS that speaks JSON 1.0 or 1.1, on a free port of the loopback. */
export async function startJsonServer(version: "1.0" | "1.1", operations: Operations): Promise<AwsServer> {
  const calls: string[] = [];
  const planned = new Map<string, Planned>();
  const server = await serveLoopback(async (request, response) => {
    const operation = String(request.headers["x-amz-target"]).split(".").at(-1) ?? "";
    const answer = (status: number, body: unknown) =>
      response
        .writeHead(status, { "content-type": `application/x-amz-json-${version}`, "x-amzn-requestid": "test" })
        .end(JSON.stringify(body ?? {}));
    try {
      const input = JSON.parse((await textOf(request)) || "{}") as Readonly<Record<string, unknown>>;
      calls.push(operation);
      const fault = takePlanned(planned, operation);
      if (fault?.isAfterwards === false) throw fault.fault;
      const run = operations[operation];
      if (run === undefined) throw new AwsFault("UnknownOperationException", operation);
      const output = await run(input);
      if (fault !== undefined) throw fault.fault;
      answer(200, output);
    } catch (error) {
      const { name, message } = error as Error;
      answer(error instanceof AwsFault ? error.status : 500, { __type: name, message, Message: message });
    }
  });
  return {
    ...server,
    calls,
    failNext: (operation, fault, { times = 1, afterwards = false } = {}) =>
      void planned.set(operation, { fault, isAfterwards: afterwards, left: times }),
  };
}

function takePlanned(planned: Map<string, Planned>, operation: string): Planned | undefined {
  const found = planned.get(operation);
  if (found === undefined || found.left === 0) return undefined;
  found.left -= 1;
  return found;
}
