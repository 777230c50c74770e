import type { ErrorCode } from "../../model/error-codes.ts";
import { SyncError } from "../../model/errors.ts";
import { codeOfDriver } from "../pg-wire/wire-errors.ts";
import { redact } from "../redact.ts";

/**
 * What S3 and STS answer → our code. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html,
 * https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
 */
export const vendorCodes: Readonly<Record<string, ErrorCode>> = {
  InvalidAccessKeyId: "AUTH_FAILED",
  SignatureDoesNotMatch: "AUTH_FAILED",
  ExpiredToken: "AUTH_FAILED",
  ExpiredTokenException: "AUTH_FAILED",
  InvalidToken: "AUTH_FAILED",
  TokenRefreshRequired: "AUTH_FAILED",
  InvalidClientTokenId: "AUTH_FAILED",
  UnrecognizedClientException: "AUTH_FAILED",
  CredentialsProviderError: "AUTH_FAILED",
  AccessDenied: "PERMISSION_DENIED",
  AccessDeniedException: "PERMISSION_DENIED",
  AllAccessDisabled: "PERMISSION_DENIED",
  AccountProblem: "PERMISSION_DENIED",
  InvalidPayer: "PERMISSION_DENIED",
  InvalidSecurity: "PERMISSION_DENIED",
  NotSignedUp: "PERMISSION_DENIED",
  NoSuchBucket: "OBJECT_MISSING",
  NotFound: "OBJECT_MISSING",
  PermanentRedirect: "SETTINGS_INVALID",
  TemporaryRedirect: "DEST_BUSY",
  Redirect: "DEST_BUSY",
  AuthorizationHeaderMalformed: "SETTINGS_INVALID",
  IllegalLocationConstraintException: "SETTINGS_INVALID",
  InvalidBucketName: "SETTINGS_INVALID",
  InvalidArgument: "SETTINGS_INVALID",
  InvalidRequest: "SETTINGS_INVALID",
  InvalidObjectState: "SETTINGS_INVALID",
  InvalidStorageClass: "SETTINGS_INVALID",
  InvalidURI: "SETTINGS_INVALID",
  KeyTooLongError: "SETTINGS_INVALID",
  EntityTooLarge: "SETTINGS_INVALID",
  MethodNotAllowed: "SETTINGS_INVALID",
  NotImplemented: "SETTINGS_INVALID",
  RegionDisabledException: "SETTINGS_INVALID",
  RequestTimeTooSkewed: "UNKNOWN",
  RequestExpired: "UNKNOWN",
  SlowDown: "THROTTLED",
  Throttling: "THROTTLED",
  ThrottlingException: "THROTTLED",
  TooManyRequests: "THROTTLED",
  TooManyRequestsException: "THROTTLED",
  RequestLimitExceeded: "THROTTLED",
  ServiceUnavailable: "DEST_BUSY",
  InternalError: "DEST_BUSY",
  IncompleteBody: "CONNECTION_LOST",
  BadDigest: "CONNECTION_LOST",
  InvalidDigest: "CONNECTION_LOST",
  XAmzContentSHA256Mismatch: "CONNECTION_LOST",
  RequestTimeout: "CONNECTION_LOST",
  TimeoutError: "TIMEOUT",
  NoSuchUpload: "CONFLICT",
  OperationAborted: "CONFLICT",
  ConditionalRequestConflict: "CONFLICT",
  PreconditionFailed: "CONFLICT",
  QuotaExceeded: "QUOTA_EXCEEDED",
  XMinioStorageFull: "QUOTA_EXCEEDED",
};

const byStatus: Readonly<Record<number, ErrorCode>> = {
  301: "SETTINGS_INVALID",
  307: "DEST_BUSY",
  401: "AUTH_FAILED",
  403: "PERMISSION_DENIED",
  404: "OBJECT_MISSING",
  408: "CONNECTION_LOST",
  409: "CONFLICT",
  412: "CONFLICT",
  429: "THROTTLED",
  500: "DEST_BUSY",
  502: "DEST_BUSY",
  503: "DEST_BUSY",
  504: "DEST_BUSY",
};

/** As much of an SDK error as we look at. */
interface VendorError {
  readonly name?: string;
  readonly Code?: string;
  readonly code?: string;
  readonly message?: string;
  readonly Region?: string;
  readonly Endpoint?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** Where a connection points, as far as its errors need to say it. */
export interface ErrorPlace {
  readonly bucket: string;
  readonly region: string;
  readonly secrets: readonly string[];
}

/** Reads what the SDK throws, for one connection. */
export interface S3Errors {
  /** As one of ours; `action` is the IAM action that was tried. The SDK's own error stays out of it: it carries the request. */
  of(thrown: unknown, action: string): SyncError;
  /** Whether the key is not there; a missing bucket is something else. */
  isAbsence(thrown: unknown): boolean;
  isForbidden(thrown: unknown): boolean;
  /** Whether a conditional write met a key that holds something. */
  isTaken(thrown: unknown): boolean;
  isRace(thrown: unknown): boolean;
}

export function s3Errors(place: ErrorPlace): S3Errors {
  return {
    of: (thrown, action) => {
      if (thrown instanceof SyncError) return thrown;
      // What the dialler refused is wrapped by some layers of the SDK.
      if (thrown instanceof Error && thrown.cause instanceof SyncError) return thrown.cause;
      return translated(thrown as VendorError, action, place);
    },
    isAbsence: (thrown) => /^(NoSuchKey|NotFound)$/.test((thrown as VendorError).name ?? ""),
    isForbidden: (thrown) => statusOf(thrown) === 403,
    isTaken: (thrown) => statusOf(thrown) === 412,
    isRace: (thrown) => statusOf(thrown) === 409,
  };
}

function statusOf(thrown: unknown): number | undefined {
  return (thrown as VendorError).$metadata?.httpStatusCode;
}

function translated(error: VendorError, action: string, place: ErrorPlace): SyncError {
  const vendorCode = vendorCodeOf(error);
  const words = redact(error.message ?? "", place.secrets);
  const code = codeOf(error, vendorCode);
  const requestId = error.$metadata?.requestId;
  return new SyncError(code, {
    message: messageOf(error, code, action, place),
    externalMessage: words,
    ...(vendorCode === undefined ? {} : { vendorCode }),
    ...(requestId === undefined ? {} : { vendorRef: requestId }),
    cause: new Error(`${vendorCode ?? "error"}: ${words}`),
  });
}

function vendorCodeOf({ Code, code, name, $metadata }: VendorError): string | undefined {
  const given = [Code, code, name].find(
    (each) => each !== undefined && !/^(Error|UnknownError|Unknown|\d+)$/.test(each),
  );
  return given ?? ($metadata?.httpStatusCode === undefined ? undefined : String($metadata.httpStatusCode));
}

function codeOf(error: VendorError, vendorCode = ""): ErrorCode {
  if (Object.hasOwn(vendorCodes, vendorCode)) return vendorCodes[vendorCode] ?? "UNKNOWN";
  // Names of many kinds begin so: https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
  if (vendorCode.startsWith("KMS")) return "SETTINGS_INVALID";
  const { code = "", message = "" } = error;
  return codeOfDriver({ code, message }) ?? byStatus[error.$metadata?.httpStatusCode ?? 0] ?? "UNKNOWN";
}

/** What happened, by the user's own names. */
function messageOf(error: VendorError, code: ErrorCode, action: string, { bucket, region }: ErrorPlace): string {
  const vendorCode = vendorCodeOf(error) ?? "";
  const elsewhere = regionOf(error);
  if (elsewhere !== undefined && elsewhere !== region && isRedirect(error, vendorCode))
    return `your bucket ${bucket} is in ${elsewhere}, not in ${region}`;
  if (isRedirect(error, vendorCode)) return `the bucket ${bucket} is in another region than ${region}`;
  if (vendorCode === "InvalidAccessKeyId") return "there is no such access key ID";
  if (vendorCode === "SignatureDoesNotMatch") return "the secret access key is not the one of this access key ID";
  if (code === "AUTH_FAILED") return `S3 refused the credentials (${vendorCode})`;
  if (isAboutKms(error))
    return `the key that encrypts ${bucket} is not open to us: allow kms:GenerateDataKey and kms:Decrypt`;
  if (code === "PERMISSION_DENIED") return `${action} on ${bucket} is not allowed to us`;
  if (code === "OBJECT_MISSING") return `there is no bucket ${bucket}`;
  if (/^RequestTimeTooSkewed|^RequestExpired/.test(vendorCode)) return "our clock and that of S3 differ too much";
  if (vendorCode === "NotImplemented") return "this store does not know a call that we need";
  return `${action} on ${bucket} failed${vendorCode === "" ? "" : ` (${vendorCode})`}`;
}

function isAboutKms({ message = "" }: VendorError): boolean {
  return /\bkms:|\bKMS\b/.test(message);
}

function isRedirect(error: VendorError, vendorCode: string): boolean {
  return (
    /^(PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException)$/.test(vendorCode) ||
    statusOf(error) === 301
  );
}

/** The bucket's own region, where the answer tells it. */
function regionOf(thrown: unknown): string | undefined {
  const { Region, $response } = thrown as VendorError;
  return Region ?? $response?.headers?.["x-amz-bucket-region"];
}
