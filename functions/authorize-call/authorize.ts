import type { APIGatewayAuthorizerResult, APIGatewayTokenAuthorizerEvent } from "aws-lambda";
import { authenticate, type Principal } from "../../lib/flows/accounts/authenticate.ts";
import type { Deps } from "../../lib/flows/deps.ts";
import { hasCode } from "../../lib/model/errors.ts";

/** The one message that API Gateway turns into a 401. https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html */
class Unauthorized extends Error {
  override readonly name = "Unauthorized";

  constructor() {
    super("Unauthorized");
  }
}

/** Whom a bearer token stands for, as a policy over the whole stage: which routes it reaches is checked by the routes. Throws `Unauthorized`. */
export async function authorize(
  deps: Pick<Deps, "table" | "clock">,
  event: Pick<APIGatewayTokenAuthorizerEvent, "authorizationToken" | "methodArn">,
  signal: AbortSignal,
): Promise<APIGatewayAuthorizerResult> {
  const text = /^Bearer +([\w.~+/=-]{1,1024})$/i.exec(event.authorizationToken)?.[1];
  if (text === undefined) throw new Unauthorized();
  const principal = await authenticate(deps, { text }, signal).catch((error: unknown) => {
    throw hasCode(error, "UNAUTHORIZED") ? new Unauthorized() : error;
  });
  return allowing(principal, event.methodArn);
}

/** `arn:…:<api>/<stage>/<method>/<path>`: allowed for every method and path of that stage. */
function allowing(principal: Principal, methodArn: string): APIGatewayAuthorizerResult {
  const [api = "", stage = ""] = methodArn.split("/");
  const { tokenId, scope, accountId, userId } = principal;
  return {
    principalId: tokenId,
    policyDocument: {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "execute-api:Invoke", Resource: `${api}/${stage}/*` }],
    },
    context: { tokenId, scope, ...(accountId === null ? {} : { accountId }), ...(userId === null ? {} : { userId }) },
  };
}
