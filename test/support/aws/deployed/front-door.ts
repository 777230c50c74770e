import { type IncomingMessage, type ServerResponse, request as send } from "node:http";
import type { Asked } from "../../../../lib/destinations/stand-ins/evaluate-policy.ts";
import { type LoopbackServer, serveLoopback, textOf } from "../loopback.ts";
import { AccessDenied } from "./access-denied.ts";
import { askedOfS3, askedToLearnOfAbsence } from "./asked-of-s3.ts";
import { askedOfKey, askedOfService } from "./asked-of-services.ts";
import { may, type Principal } from "./policies.ts";
import { awsAccount, region } from "./template-values.ts";

export interface FrontDoorOptions {
  /** Where the stand-in for a service listens, by the service's name in signatures; states by machine. */
  readonly endpointOf: (service: string, body: string) => string;
  /** Whose key it is. */
  readonly principalOf: (accessKeyId: string) => Principal;
  readonly keyArn: string;
  /** The installation's time, which answers tell: an SDK whose clock seems wrong would sign anew and try again. */
  readonly nowMs: () => number;
}

/** A call that was answered with AccessDenied. */
interface Refusal extends Asked {
  readonly principal: string;
}

export interface FrontDoor extends LoopbackServer {
  /** Except what S3 says of an absent object to those who may not list. */
  readonly refusals: readonly Refusal[];
  /** What the door itself could not make out: a fault of the test. */
  readonly troubles: readonly unknown[];
  /** From now on whatever is meant is denied, and not counted as a refusal; ends with `using`. */
  deny(isMeant: (asked: Asked, principal: string) => boolean): Disposable;
}

/** All of AWS at one address: whoever calls gets as far as the policies of the templates let them. */
export async function openFrontDoor(options: FrontDoorOptions): Promise<FrontDoor> {
  const refusals: Refusal[] = [];
  const troubles: unknown[] = [];
  const denials = new Set<(asked: Asked, principal: string) => boolean>();
  const serve = async (message: IncomingMessage, response: ServerResponse) => {
    const { accessKeyId, service } = signatureOf(message);
    response.setHeader("date", new Date(options.nowMs()).toUTCString());
    const body = service === "s3" ? "" : await textOf(message);
    const principal = options.principalOf(accessKeyId);
    const asked = askedOf(service, message, body);
    const denied = asked.find((each) => [...denials].some((isMeant) => isMeant(each, principal.name)));
    if (denied !== undefined) {
      message.resume();
      return new AccessDenied(principal.name, denied).answer(service, response);
    }
    const behind = asked.flatMap(({ action }) => askedOfKey(service, action, options.keyArn));
    const refused = [...asked, ...behind].find((each) => !may(principal, each));
    if (refused !== undefined) {
      refusals.push({ ...refused, principal: principal.name });
      message.resume();
      return new AccessDenied(principal.name, refused).answer(service, response);
    }
    const isHidden = () => service === "s3" && !may(principal, askedToLearnOfAbsence(message));
    await forward(message, response, { endpoint: options.endpointOf(service, body), body, service, isHidden });
  };
  const server = await serveLoopback(async (message, response) => {
    await serve(message, response).catch((error: unknown) => {
      troubles.push(error);
      throw error;
    });
  });
  const deny: FrontDoor["deny"] = (isMeant) => {
    denials.add(isMeant);
    return { [Symbol.dispose]: () => void denials.delete(isMeant) };
  };
  return { ...server, refusals, troubles, deny };
}

/** Who calls which service: from the header, or from the query of a presigned address. */
function signatureOf({ headers, url }: IncomingMessage): { accessKeyId: string; service: string } {
  const signed = `${headers.authorization ?? ""} ${decodeURIComponent((url ?? "").split("?")[1] ?? "")}`;
  const [, accessKeyId = "", service = ""] = /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)\//.exec(signed) ?? [];
  if (service === "") throw new TypeError(`an unsigned call: ${url}`);
  return { accessKeyId, service };
}

function askedOf(service: string, message: IncomingMessage, body: string): readonly Asked[] {
  switch (service) {
    case "s3":
      return askedOfS3(message);
    case "lambda": {
      const functionName = decodeURIComponent(message.url?.split("/")[3] ?? "");
      const resource = `arn:aws:lambda:${region}:${awsAccount}:function:${functionName}`;
      return [{ action: "lambda:InvokeFunction", resource }];
    }
    case "sts": {
      const form = new URLSearchParams(body);
      const resource = form.get("RoleArn") ?? "";
      const tags = form.has("Tags.member.1.Key") ? ["TagSession"] : [];
      return ["AssumeRole", ...tags].map((action) => ({ action: `sts:${action}`, resource }));
    }
    default: {
      const operation = String(message.headers["x-amz-target"]).split(".").at(-1) ?? "";
      return askedOfService(service, operation, JSON.parse(body) as Readonly<Record<string, unknown>>);
    }
  }
}

interface Way {
  readonly endpoint: string;
  readonly body: string;
  readonly service: string;
  /** Whether the caller may not know that an object is absent. */
  readonly isHidden: () => boolean;
}

async function forward(message: IncomingMessage, response: ServerResponse, way: Way): Promise<void> {
  const { endpoint, body, service, isHidden } = way;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const onward = send(`${endpoint}${message.url}`, { method: message.method ?? "GET", headers: message.headers });
    onward.on("response", resolve).on("error", reject);
    if (service === "s3") message.pipe(onward);
    else onward.end(body);
  });
  if (answer.statusCode === 404 && /^(GET|HEAD)$/.test(message.method ?? "") && isHidden()) {
    answer.resume();
    return new AccessDenied("", askedToLearnOfAbsence(message)).answer("s3", response);
  }
  const { date: _, ...headers } = answer.headers;
  response.writeHead(answer.statusCode ?? 500, headers);
  answer.on("error", () => response.destroy());
  response.on("close", () => answer.destroy());
  answer.pipe(response);
}
