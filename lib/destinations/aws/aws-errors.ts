import type { ErrorCode } from "../../model/error-codes.ts";
import { SyncError } from "../../model/errors.ts";
import { codeOfDriver, vendorErrorOf } from "../pg-wire/wire-errors.ts";
import { redact } from "../redact.ts";

/**
 * Names of errors that services of AWS share, and S3's where a staging bucket gives them → our code.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html,
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
const awsNames: Readonly<Record<string, ErrorCode>> = {
  AccessDenied: "PERMISSION_DENIED",
  AccessDeniedException: "PERMISSION_DENIED",
  AuthorizationHeaderMalformed: "SETTINGS_INVALID",
  CredentialsProviderError: "AUTH_FAILED",
  ExpiredToken: "AUTH_FAILED",
  ExpiredTokenException: "AUTH_FAILED",
  InternalError: "DEST_BUSY",
  InternalFailure: "DEST_BUSY",
  InternalServerException: "DEST_BUSY",
  InvalidAccessKeyId: "AUTH_FAILED",
  InvalidClientTokenId: "AUTH_FAILED",
  InvalidSignatureException: "AUTH_FAILED",
  MalformedPolicyDocument: "INVARIANT_BROKEN",
  NoSuchBucket: "OBJECT_MISSING",
  NoSuchKey: "STAGED_GONE",
  PackedPolicyTooLarge: "INVARIANT_BROKEN",
  PermanentRedirect: "SETTINGS_INVALID",
  RegionDisabledException: "SETTINGS_INVALID",
  RequestExpired: "AUTH_FAILED",
  RequestLimitExceeded: "THROTTLED",
  ServiceUnavailable: "DEST_BUSY",
  ServiceUnavailableException: "DEST_BUSY",
  SignatureDoesNotMatch: "AUTH_FAILED",
  SlowDown: "THROTTLED",
  Throttling: "THROTTLED",
  ThrottlingException: "THROTTLED",
  TimeoutError: "TIMEOUT",
  TooManyRequestsException: "THROTTLED",
  UnrecognizedClientException: "AUTH_FAILED",
};

interface SdkError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** A failure of the SDK as one of ours. `own` names what a service calls its errors, ahead of what all have in common. */
export function awsError(
  thrown: unknown,
  secrets: readonly string[],
  own: Readonly<Record<string, ErrorCode>> = {},
): SyncError {
  if (thrown instanceof SyncError) return thrown;
  // What the dialler refused is wrapped by some layers of the SDK.
  if (thrown instanceof Error && thrown.cause instanceof SyncError) return thrown.cause;
  const error = thrown as SdkError;
  const name = thrown instanceof Error ? thrown.name : "";
  const code = own[name] ?? awsNames[name] ?? codeOfStatus(error) ?? codeOfDriver(vendorErrorOf(thrown)) ?? "UNKNOWN";
  const retryAfter = Number(error.$response?.headers?.["retry-after"]);
  return new SyncError(code, {
    externalMessage: redact(vendorErrorOf(thrown).message, secrets),
    ...(name === "" ? {} : { vendorCode: name }),
    ...(Number.isFinite(retryAfter) ? { retryAfterSeconds: retryAfter } : {}),
    cause: thrown,
  });
}

function codeOfStatus({ $metadata }: SdkError): ErrorCode | undefined {
  const status = $metadata?.httpStatusCode;
  if (status === 429) return "THROTTLED";
  if (status === 403) return "PERMISSION_DENIED";
  return status !== undefined && status >= 500 ? "DEST_BUSY" : undefined;
}
