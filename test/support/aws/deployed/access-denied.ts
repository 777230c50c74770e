import type { ServerResponse } from "node:http";
import type { Asked } from "../../../../lib/destinations/stand-ins/evaluate-policy.ts";

/** AWS's answer to a call that no policy allows. */
export class AccessDenied extends Error {
  override readonly name = "AccessDeniedException";

  constructor(principal: string, { action, resource }: Asked) {
    super(`User: ${principal} is not authorized to perform: ${action} on resource: ${resource}`);
  }

  /** In the words of the service's protocol. */
  answer(service: string, response: ServerResponse): void {
    const { name, message } = this;
    if (service === "s3" || service === "sts") {
      const error = `<Error><Code>AccessDenied</Code><Message>${message}</Message></Error>`;
      const body = service === "s3" ? error : `<ErrorResponse>${error}</ErrorResponse>`;
      response.writeHead(403, { "content-type": "application/xml" }).end(response.req.method === "HEAD" ? "" : body);
      return;
    }
    const headers = { "content-type": "application/x-amz-json-1.0", "x-amzn-errortype": name };
    response
      .writeHead(service === "lambda" ? 403 : 400, headers)
      .end(JSON.stringify({ __type: name, message, Message: message }));
  }
}
