import { InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import { errorFromWire } from "../../model/wire-error.ts";

/** Longer than any function may take: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const functionAnswerMsMax = 910_000;

/** Calls a function, waits for its answer and rejects with its own error. A call that broke off is tried again: what it calls must bear that. */
export async function invokeFunction(
  client: LambdaClient,
  functionName: string,
  payload: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  const command = new InvokeCommand({
    FunctionName: functionName,
    InvocationType: "RequestResponse",
    Payload: new TextEncoder().encode(JSON.stringify(payload ?? null)),
  });
  const answer = await client.send(command, { abortSignal: signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw error;
  });
  const text = new TextDecoder().decode(answer.Payload ?? new Uint8Array());
  const value: unknown = text === "" ? null : JSON.parse(text);
  if (answer.FunctionError === undefined) return value;
  const { errorType, errorMessage } = (value ?? {}) as { errorType?: string; errorMessage?: string };
  throw errorFromWire(errorType ?? answer.FunctionError, errorMessage ?? `${functionName} failed without a word`);
}
