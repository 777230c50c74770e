import { vi } from "vitest";
import { Environment } from "../../../lib/platform/aws/environment.ts";
import { type LoopbackServer, serveLoopback, textOf } from "./loopback.ts";
import { type StsServer, startStsServer } from "./sts-server.ts";

interface SignedCall {
  /** The key that the call was signed with. */
  readonly key: string;
  readonly service: string;
}

/** Every service of AWS at one address, none of which has anything; STS alone works. */
export interface EmptyAws extends AsyncDisposable {
  readonly calls: SignedCall[];
  readonly sts: StsServer;
  readonly environment: Environment;
}

/** Points this process's environment at an AWS without contents, until it is disposed of. */
export async function emptyAws(more: Partial<Record<keyof Environment, string>> = {}): Promise<EmptyAws> {
  const calls: SignedCall[] = [];
  const sts = await startStsServer();
  const server: LoopbackServer = await serveLoopback(async (request, response) => {
    await textOf(request);
    const signed = /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)\//.exec(request.headers.authorization ?? "");
    const [key = "", service = ""] = signed?.slice(1) ?? [];
    calls.push({ key, service });
    if (service === "s3") response.writeHead(404, { "content-type": "application/xml" }).end(noSuchKey);
    else if (service === "dynamodb") response.end("{}");
    else response.writeHead(400).end(JSON.stringify({ __type: "ResourceNotFoundException" }));
  });
  const variables = {
    AWS_REGION: "eu-west-1",
    AWS_ACCESS_KEY_ID: "AKIDFUNCTION",
    AWS_SECRET_ACCESS_KEY: "secret",
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_ENDPOINT_URL_STS: sts.endpoint,
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  return {
    calls,
    sts,
    environment: testEnvironment(more),
    [Symbol.asyncDispose]: async () => {
      vi.unstubAllEnvs();
      await server[Symbol.asyncDispose]();
      await sts[Symbol.asyncDispose]();
    },
  };
}

const noSuchKey = "<Error><Code>NoSuchKey</Code><Message>none</Message></Error>";

/** What a function finds in its environment, without SFTP. */
export function testEnvironment(more: Partial<Record<keyof Environment, string>> = {}): Environment {
  return Environment.parse({
    WS_NAME: "my-sync",
    WS_VERSION: "1.0.0",
    WS_TABLE: "my-table",
    WS_BUCKET: "my-bucket",
    WS_SECRET_PREFIX: "my-sync/",
    WS_KMS_KEY_ARN: "arn:aws:kms:eu-west-1:123456789012:key/k",
    WS_STATE_MACHINE_PREFIX: "arn:aws:states:eu-west-1:123456789012:stateMachine:my-sync-",
    WS_WRITER_PREFIX: "my-sync-writer-",
    WS_KINDS: "postgres",
    ...more,
  });
}
