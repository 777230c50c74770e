import { EventEmitter } from "node:events";
import type { RequestListener } from "node:http";
import dynalite from "dynalite";

export type Json = Record<string, unknown>;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: string;
}

/** Calls dynalite's own request listener, without a socket between. */
export type CallDynalite = (operation: string, input: Json | string) => Promise<Answer>;

const headers = {
  "content-type": "application/x-amz-json-1.0",
  "x-amz-date": "20261124T120000Z",
  // Dynalite wants to see a signature; it checks none.
  authorization:
    "AWS4-HMAC-SHA256 Credential=a/20261124/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=b",
};

/** A DynamoDB in the memory of this process, without its server. */
export function openDynalite(): CallDynalite {
  const listener = dynalite({ createTableMs: 0, deleteTableMs: 0 }).listeners("request")[0] as RequestListener;
  return (operation, input) =>
    new Promise((resolve) => {
      const request = Object.assign(new EventEmitter(), {
        method: "POST",
        url: "/",
        headers: { ...headers, "x-amz-target": `DynamoDB_20120810.${operation}` },
      });
      const answered: Record<string, string | number> = {};
      const response = {
        statusCode: 200,
        setHeader: (name: string, value: string | number) => {
          answered[name] = value;
        },
        end: (body: string) => resolve({ status: response.statusCode, headers: answered, body }),
      };
      listener(...([request, response] as unknown as Parameters<RequestListener>));
      request.emit("data", Buffer.from(typeof input === "string" ? input : JSON.stringify(input)));
      request.emit("end");
    });
}
