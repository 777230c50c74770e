import type { Context } from "aws-lambda";

/** What Lambda tells a handler of its call; the time left counts down from `remainingMs`. */
export function lambdaContext(remainingMs = 60_000): Context {
  const endsAt = Date.now() + remainingMs;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: "warehouse-sync-test",
    functionVersion: "$LATEST",
    invokedFunctionArn: "arn:aws:lambda:eu-central-1:111122223333:function:warehouse-sync-test",
    memoryLimitInMB: "512",
    awsRequestId: "8f507cfc-xmpl-4697-b07a-ac58fc914c95",
    logGroupName: "/aws/lambda/warehouse-sync-test",
    logStreamName: "2026/11/24/[$LATEST]0123456789abcdef",
    getRemainingTimeInMillis: () => endsAt - Date.now(),
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  };
}
