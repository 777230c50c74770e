import type { ClientOptions } from "../../../lib/platform/aws/clients.ts";
import type { AwsServer } from "./json-server.ts";

/** What a client needs to reach a server of a test, with keys that open nothing. */
export function testOptions(server: Pick<AwsServer, "endpoint">, options: ClientOptions = {}): ClientOptions {
  const credentials = async () => ({ accessKeyId: "AKIDTEST", secretAccessKey: "test" });
  return { region: "eu-west-1", endpoint: server.endpoint, credentials, ...options };
}
