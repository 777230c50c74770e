/** The process of one function: does what Lambda's runtime does around a handler. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { CallMessage, EndMessage, FunctionError } from "./function-protocol.ts";
import { putAhead } from "./function-surroundings.ts";

const environment = process.env as Readonly<Record<string, string>>;
const [file = "", name = ""] = (environment["_HANDLER"] ?? "").split(".");
const module = (await import(
  pathToFileURL(join(environment["LAMBDA_TASK_ROOT"] ?? "", `${file}.mjs`)).href
)) as Readonly<Record<string, (event: unknown, context: object) => Promise<unknown>>>;
const handler = module[name];
if (handler === undefined) throw new TypeError(`${file}.mjs exports no ${name}`);

process.on("message", (call: CallMessage) => void run(call).then((end) => process.send?.(end)));
process.send?.("ready");

async function run({ id, event, requestId, remainingMs, aheadMs }: CallMessage): Promise<EndMessage> {
  putAhead(aheadMs);
  const endsAt = performance.now() + remainingMs;
  const context = {
    callbackWaitsForEmptyEventLoop: true,
    functionName: environment["AWS_LAMBDA_FUNCTION_NAME"],
    functionVersion: "$LATEST",
    invokedFunctionArn: environment["TEST_FUNCTION_ARN"],
    memoryLimitInMB: environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
    awsRequestId: requestId,
    logGroupName: environment["AWS_LAMBDA_LOG_GROUP_NAME"],
    logStreamName: environment["AWS_LAMBDA_LOG_STREAM_NAME"],
    getRemainingTimeInMillis: () => endsAt - performance.now(),
  };
  try {
    return { id, answer: JSON.stringify((await handler?.(event, context)) ?? null) };
  } catch (thrown) {
    return { id, error: errorOf(thrown) };
  }
}

/** https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html */
function errorOf(thrown: unknown): FunctionError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? "").split("\n") };
}
