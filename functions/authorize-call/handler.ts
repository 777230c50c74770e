import type { APIGatewayAuthorizerResult, APIGatewayTokenAuthorizerEvent } from "aws-lambda";
import { handle } from "../handle.ts";
import { authorize } from "./authorize.ts";

/** TOKEN authoriser of the API; its answers are not cached, so that a revoked token is void at once. */
export const handler = handle<APIGatewayTokenAuthorizerEvent, APIGatewayAuthorizerResult>(
  async ({ deps }, event, signal) => authorize(deps, event, signal),
);
