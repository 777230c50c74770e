import { setTimeout } from "node:timers/promises";
import { injectLambdaContext } from "@aws-lambda-powertools/logger/middleware";
import { captureLambdaHandler } from "@aws-lambda-powertools/tracer/middleware";
import middy, { type MiddlewareObj } from "@middy/core";
import { hasCode, SyncError } from "../lib/model/errors.ts";
import { wireError } from "../lib/model/wire-error.ts";
import { type FunctionContext, openContext } from "./context.ts";
import { logger, publishMetrics, subjectOf, tracer } from "./telemetry.ts";

/** What a function does with one event. */
export type Work<Event, Answer> = (context: FunctionContext, event: Event, signal: AbortSignal) => Promise<Answer>;

/** So long before Lambda would kill us the signal aborts. */
const timeoutEarlyMs = 5_000;
/** So long the work may take to note why it ends and to give back what it holds. */
const endingMs = 3_500;

/**
 * A Lambda handler around `work`: logs, traces and counts, aborts the signal before the time is up, and lets errors out
 * in the form that `errorFromWire` reads. `open` is called once, at the first event.
 */
export function handle<Event, Answer>(work: Work<Event, Answer>, open: () => FunctionContext = openContext) {
  let context: FunctionContext | undefined;
  const opened = () => {
    context ??= open();
    return context;
  };
  return middy<Event, Answer>({
    timeoutEarlyInMillis: timeoutEarlyMs,
    timeoutEarlyResponse: async () => {
      await setTimeout(endingMs, undefined, { ref: false });
      throw outOfTime();
    },
  })
    .use(captureLambdaHandler(tracer, { captureResponse: false }))
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .use(subject)
    .use(countedMetrics)
    .use(errorsOnTheWire)
    .handler(async (event, _context, { signal }) => withinTime(signal, (limited) => work(opened(), event, limited)));
}

/** A timeout of ours looks like one of a warehouse: named, retried and counted, not taken for a stop from outside. */
async function withinTime<Answer>(signal: AbortSignal, work: (limited: AbortSignal) => Promise<Answer>) {
  const limit = new AbortController();
  const abort = () => limit.abort(outOfTime());
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await work(limit.signal);
  } catch (thrown) {
    if (limit.signal.aborted && !hasCode(thrown, "TIMEOUT")) throw outOfTime(thrown);
    throw thrown;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function outOfTime(cause?: unknown): SyncError {
  return new SyncError("TIMEOUT", { message: "the function's time was up before its work was done", cause });
}

const subject: MiddlewareObj<unknown> = {
  before: ({ event }) => {
    const keys = subjectOf(event);
    logger.appendKeys(keys);
    for (const [name, value] of Object.entries(keys)) tracer.putAnnotation(name, value);
  },
};

const countedMetrics: MiddlewareObj<unknown> = { after: publishMetrics, onError: publishMetrics };

/** Comes last, so that its `onError` runs first: nobody after it sees causes, which may hold a vendor's words about rows. */
const errorsOnTheWire: MiddlewareObj<unknown> = {
  onError: (request) => {
    const error = wireError(request.error);
    request.error = error;
    // Anybody can send wrong tokens, any number of them: API Gateway's own log has them.
    if (error.name === "Unauthorized") return;
    logger.error("failed", { errorName: error.name, errorMessage: error.message, trace: error.stack ?? "" });
  },
};
