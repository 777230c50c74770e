import { type LoopbackServer, serveLoopback, textOf } from "./loopback.ts";

/** A call as the function sees it. */
export type RunFunction = (functionName: string, payload: unknown) => Promise<unknown>;

export interface LambdaServer extends LoopbackServer {
  /** So many calls from now are refused as too many. */
  throttle(calls: number): void;
}

/** Lambda's Invoke on the loopback. What `run` throws is the function's error, as Lambda reports it. */
export async function startLambdaServer(run: RunFunction): Promise<LambdaServer> {
  let throttled = 0;
  const server = await serveLoopback(async (request, response) => {
    const payload = await textOf(request);
    const functionName = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(request.url ?? "")?.[1];
    if (functionName === undefined || throttled-- > 0) {
      const name = functionName === undefined ? "ResourceNotFoundException" : "TooManyRequestsException";
      response.writeHead(functionName === undefined ? 404 : 429, { "x-amzn-errortype": name }).end("{}");
      return;
    }
    try {
      const answer = await run(decodeURIComponent(functionName), JSON.parse(payload));
      response.writeHead(200).end(JSON.stringify(answer ?? null));
    } catch (error) {
      const { name, message } = error as Error;
      response
        .writeHead(200, { "x-amz-function-error": "Unhandled" })
        .end(JSON.stringify({ errorType: name, errorMessage: message, trace: [] }));
    }
  });
  return {
    ...server,
    throttle: (calls) => {
      throttled = calls;
    },
  };
}
