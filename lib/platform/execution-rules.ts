/** State inputs and answers may be this long: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
export const payloadBytesMax = 262_144;

/** A part of what Step Functions takes: no character that would need quoting in an ARN. */
const executionNamePattern = /^[A-Za-z0-9_-]{1,80}$/;

/** Refuses what Step Functions refuses, with a `RangeError`. `inputText` is the input as JSON. */
export function checkExecution(name: string, inputText: string): void {
  if (!executionNamePattern.test(name)) {
    throw new RangeError(`an execution's name has 1 to 80 letters, digits, - and _, not ${JSON.stringify(name)}`);
  }
  if (Buffer.byteLength(inputText) > payloadBytesMax)
    throw new RangeError(`an input has at most ${payloadBytesMax} bytes`);
}
