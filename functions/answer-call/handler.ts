import type { APIGatewayProxyEvent, APIGatewayProxyResult } from "aws-lambda";
import { handle } from "../handle.ts";
import { answerEvent } from "./answer-event.ts";

/** Every route of the API: REST proxy integration. */
export const handler = handle<APIGatewayProxyEvent, APIGatewayProxyResult>(
  async ({ deps, installation }, event, signal) => answerEvent({ deps, installation, signal }, event, signal),
);
