import { type NoteCall, noteCalls } from "./aws-call.ts";

/** Keys to sign with, as the SDK takes them. */
export type CredentialsProvider = () => Promise<{
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}>;

export interface ClientOptions {
  readonly note?: NoteCall;
  /** @default the credentials of the process */
  readonly credentials?: CredentialsProvider;
  /** @default what the environment says */
  readonly region?: string;
  /** @default what the environment says, else AWS */
  readonly endpoint?: string;
  /** How long an answer may keep us waiting. @default 20000 */
  readonly answerMsMax?: number;
}

/** As much of an SDK client's configuration as we set. */
interface ClientConfig {
  readonly maxAttempts: number;
  readonly retryMode: string;
  readonly requestHandler: {
    readonly connectionTimeout: number;
    readonly requestTimeout: number;
    readonly throwOnRequestTimeout: true;
    readonly socketTimeout: number;
    readonly httpsAgent: { readonly keepAlive: true; readonly maxSockets: number };
    readonly httpAgent: { readonly keepAlive: true; readonly maxSockets: number };
  };
  readonly credentials?: CredentialsProvider;
  readonly region?: string;
  readonly endpoint?: string;
}

const connectMsMax = 3_000;
const answerMsMaxDefault = 20_000;
/** Ranged downloads and multipart uploads go side by side. */
const socketsMax = 64;
/** The one layer at which calls are tried again: throttles, 5xx and broken connections, with jittered waits. */
const triesMax = 5;

/**
 * Makes an SDK client in the one way we use. Region and endpoint come from the environment, by the SDK's own rules
 * (`AWS_REGION`, `AWS_ENDPOINT_URL_…`: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html).
 */
export function awsClient<Client extends Parameters<typeof noteCalls>[0]>(
  Class: new (config: ClientConfig) => Client,
  options: ClientOptions = {},
): Client {
  const answerMsMax = options.answerMsMax ?? answerMsMaxDefault;
  const agent = { keepAlive: true, maxSockets: socketsMax } as const;
  const client = new Class({
    maxAttempts: triesMax,
    retryMode: "standard",
    requestHandler: {
      connectionTimeout: connectMsMax,
      requestTimeout: answerMsMax,
      throwOnRequestTimeout: true,
      // Also in the middle of a body.
      socketTimeout: answerMsMax,
      httpsAgent: agent,
      httpAgent: agent,
    },
    ...given(options),
  });
  if (options.note !== undefined) noteCalls(client, options.note);
  return client;
}

function given({ credentials, region, endpoint }: ClientOptions): Partial<ClientConfig> {
  return {
    ...(credentials === undefined ? {} : { credentials }),
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
}
