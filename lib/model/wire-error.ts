import { errorClasses } from "./error-classes.ts";
import { type ErrorCode, errorCodes } from "./error-codes.ts";
import { SyncError } from "./errors.ts";

/** What a machine's `Catch` hands over: the error's name, and for one of a function JSON with `errorType` and `errorMessage`. */
export interface CaughtError {
  readonly Error?: string | undefined;
  readonly Cause?: string | undefined;
}

/** What Lambda, Step Functions and an `AbortSignal` call a step that was not done in time. https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html */
const timeoutNames = ["States.Timeout", "Sandbox.Timedout", "TimeoutError"];

/** A `Cause` holds 32,768 characters, the stack among them. https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html */
const textMax = 4_000;

/**
 * An error in the form in which it leaves a function: Lambda passes on a name, which `ErrorEquals` matches, and a text,
 * which begins with the code of our own errors. The vendor's words and the cause stay behind.
 */
export function wireError(thrown: unknown): Error {
  const error = thrown instanceof Error ? thrown : new SyncError("UNKNOWN", { message: String(thrown) });
  const text = error instanceof SyncError ? `${error.code}: ${error.message}` : error.message;
  const sent = new Error(text.slice(0, textMax));
  sent.name = error.name;
  if (error.stack !== undefined) sent.stack = error.stack;
  return sent;
}

/** The error that `wireError` sent: a `SyncError` where its code is known or its name says that time was up, else one of that name and text. */
export function errorFromWire(errorType: string, errorMessage: string): Error {
  const [, word = "", text = ""] = /^([A-Z][A-Z0-9_]*): ([\s\S]*)$/.exec(errorMessage) ?? [];
  if (isCode(word) && errorClasses[errorCodes[word].class].name === errorType)
    return new SyncError(word, { message: text });
  if (timeoutNames.includes(errorType)) return new SyncError("TIMEOUT", { externalMessage: errorMessage });
  const error = new Error(errorMessage);
  error.name = errorType;
  return error;
}

/** The error that a `Catch` saw; undefined where there was none to see. */
export function errorOfCatch(caught: CaughtError | undefined): Error | undefined {
  if (caught?.Error === undefined) return undefined;
  const { errorType, errorMessage } = lambdaCause(caught.Cause);
  return errorFromWire(errorType ?? caught.Error, errorMessage ?? caught.Cause ?? caught.Error);
}

/** Lambda writes a cause as JSON; Step Functions' own causes are plain words. */
function lambdaCause(cause: string | undefined): { errorType?: string; errorMessage?: string } {
  if (cause === undefined || !cause.startsWith("{")) return {};
  try {
    const { errorType, errorMessage } = JSON.parse(cause) as Record<string, unknown>;
    return {
      ...(typeof errorType === "string" ? { errorType } : {}),
      ...(typeof errorMessage === "string" ? { errorMessage } : {}),
    };
  } catch {
    // Step Functions cuts a long cause, and then it is no JSON any more.
    return {};
  }
}

function isCode(word: string): word is ErrorCode {
  return Object.hasOwn(errorCodes, word);
}
