import type { ErrorCode } from "../../model/error-codes.ts";
import { SyncError } from "../../model/errors.ts";
import { awsError } from "../aws/aws-errors.ts";
import {
  codeOfDriver,
  codeOfState,
  sqlStates,
  type TextCodes,
  type VendorError,
  vendorErrorOf,
} from "../pg-wire/wire-errors.ts";
import { redact } from "../redact.ts";

/**
 * What Redshift says → our code. It answers most failures with SQLSTATE XX000, and the Data API with none, so its words decide;
 * the first that match count. COPY from Amazon S3: https://docs.aws.amazon.com/redshift/latest/dg/s3serviceexception-error.html;
 * isolation: https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation-serializable-isolation-troubleshooting.html
 */
export const redshiftTexts: TextCodes = [
  [/Load into table .* failed|Check '?(sys_load_error_detail|stl_load_errors)/i, "ROW_REJECTED"],
  [/(?:specified )?key does not exist|NoSuchKey|Mandatory (?:url|file)|prefix '.*' does not exist/i, "STAGED_GONE"],
  [/NoSuchBucket|bucket does not exist/i, "OBJECT_MISSING"],
  [/provided token has expired|ExpiredToken|security token .* (?:expired|invalid)/i, "CONNECTION_LOST"],
  [
    /not authorized to assume IAM Role|not authorized to get credentials of role|IAM role .* is not (?:valid|associated)/i,
    "PERMISSION_DENIED",
  ],
  [
    /must be addressed using the specified endpoint|PermanentRedirect|AuthorizationHeaderMalformed/i,
    "SETTINGS_INVALID",
  ],
  [/S3ServiceException:.*(?:Status 403|Access ?Denied|InvalidAccessKeyId|SignatureDoesNotMatch)/i, "PERMISSION_DENIED"],
  [/KMS\.|kms:Decrypt/i, "PERMISSION_DENIED"],
  [/S3ServiceException:.*(?:SlowDown|Status 503)/i, "THROTTLED"],
  [/S3ServiceException:.*(?:Status 5\d\d|InternalError)|S3CurlException|Connection timed out after/i, "DEST_BUSY"],
  [/^1023$|1023\b.*isolation|Serializable isolation violation|could not serialize/i, "CONFLICT"],
  [
    /Snapshot too old|could not complete because of conflict with concurrent transaction|deadlock detected/i,
    "CONFLICT",
  ],
  [/Disk Full/i, "QUOTA_EXCEEDED"],
  [
    /out of memory|exceeded memory|insufficient (?:memory|resource)|WLM .*(?:queue|memory)|QMR|query monitoring rule/i,
    "DEST_BUSY",
  ],
  [/Quota .*exceed|exceeds? .*quota|usage limit/i, "QUOTA_EXCEEDED"],
  [/too many connections|connection limit|remaining connection slots/i, "DEST_BUSY"],
  [
    /(?:cluster|workgroup|endpoint|database) .*(?:is )?(?:paused|resuming|resizing|being modified|unavailable|not available|starting up|rebooting)/i,
    "DEST_BUSY",
  ],
  [/canceling statement|cancelled on user|Query .*cancelled|statement timeout|query execution time limit/i, "TIMEOUT"],
  [/terminating connection|connection (?:was )?(?:closed|reset|lost|terminated)/i, "CONNECTION_LOST"],
  [
    /password authentication failed|authentication failed|invalid password|user ".*" does not exist|role ".*" is not permitted to log in/i,
    "AUTH_FAILED",
  ],
  [/no pg_hba\.conf entry|not allowed (?:from|to connect)/i, "ADDRESS_NOT_ALLOWED"],
  [/permission denied|must be owner|not authorized|insufficient privilege/i, "PERMISSION_DENIED"],
  [
    /column ".*" (?:of relation ".*" )?does not exist|column .* not found|same number of columns|is of type .* but expression/i,
    "COLUMN_CONFLICT",
  ],
  [/(?:relation|table|schema|database) .*(?:does not exist|not found)|is not a table/is, "OBJECT_MISSING"],
  [/already exists/i, "CONFLICT"],
  [
    /value too long|String length exceeds|Numeric data overflow|invalid input syntax|Invalid digit|Cannot insert a NULL value/i,
    "ROW_REJECTED",
  ],
  [/Found multiple matches to update the same tuple/i, "INVARIANT_BROKEN"],
];

/** What the Data API calls its failures. https://docs.aws.amazon.com/redshift-data/latest/APIReference/CommonErrors.html */
const dataApiNames: Readonly<Record<string, ErrorCode>> = {
  ActiveSessionsExceededException: "THROTTLED",
  ActiveStatementsExceededException: "THROTTLED",
  ActiveWaitingRequestsExceededException: "THROTTLED",
  BatchExecuteStatementException: "DEST_BUSY",
  ExecuteStatementException: "DEST_BUSY",
  QueryTimeoutException: "TIMEOUT",
  ResourceNotFoundException: "OBJECT_MISSING",
  ValidationException: "SETTINGS_INVALID",
};

/** A failure of the server, the driver or the socket as one of ours, with the vendor's own words and code kept, less our secrets. */
export function redshiftError(thrown: unknown, secrets: readonly string[]): SyncError {
  if (thrown instanceof SyncError) return thrown;
  const error = vendorErrorOf(thrown);
  return new SyncError(codeOfServer(error) ?? codeOfDriver(error) ?? "UNKNOWN", {
    externalMessage: redact(wordsOf(error), secrets),
    ...(error.code === undefined ? {} : { vendorCode: error.code }),
    cause: thrown,
  });
}

function codeOfServer(error: VendorError): ErrorCode | undefined {
  const isOfServer = /^[0-9A-Z]{5}$/.test(error.code ?? "") && !/^E[A-Z]+$/.test(error.code ?? "");
  const byState = codeOfState(sqlStates, error);
  if (byState !== undefined) return byState;
  return isOfServer || error.code === undefined ? codeOfText(wordsOf(error)) : undefined;
}

/** Our code for what Redshift says, where it says something that we know. */
function codeOfText(text: string): ErrorCode | undefined {
  return redshiftTexts.find(([pattern]) => pattern.test(text))?.[1];
}

/** The message; the details too where Redshift keeps the reason there. Never those of a refused row, which quote it. */
function wordsOf({ message, detail = "" }: VendorError): string {
  const reason = /(?:Serializable isolation violation[^\n]*|error:\s+[^\n]*)/i.exec(detail)?.[0];
  return reason === undefined ? message : `${message}; ${reason}`;
}

/** What the Data API says of a statement that failed, and by which id. */
export function statementError(text: string, vendorRef: string, secrets: readonly string[]): SyncError {
  return new SyncError(codeOfText(text) ?? "UNKNOWN", { externalMessage: redact(text, secrets), vendorRef });
}

/** A call of the Data API or of STS that failed. */
export function callError(thrown: unknown, secrets: readonly string[]): SyncError {
  const error = awsError(thrown, secrets, dataApiNames);
  if (error === thrown) return error;
  // A call may be refused for what the cluster says: its words know more than the name.
  const byText =
    error.code === "SETTINGS_INVALID" || error.code === "DEST_BUSY"
      ? codeOfText(error.externalMessage ?? "")
      : undefined;
  if (byText === undefined) return error;
  const { externalMessage, vendorCode } = error;
  return new SyncError(byText, {
    ...(externalMessage === undefined ? {} : { externalMessage }),
    ...(vendorCode === undefined ? {} : { vendorCode }),
    cause: thrown,
  });
}
