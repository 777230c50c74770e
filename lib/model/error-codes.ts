import type { ErrorClass } from "./error-classes.ts";

interface ErrorEntry {
  readonly class: ErrorClass;
  /** One sentence for a person: what happened. */
  readonly text: string;
  /** One sentence for a person: what to do about it. */
  readonly fix: string;
}

/** Every stable code we show. To add one: a line here; docs and tests walk this table. */
export const errorCodes = {
  // Warehouses
  AUTH_FAILED: entry("auth", "The warehouse refused the login.", "Correct the user and password of the connection."),
  PERMISSION_DENIED: entry(
    "permission",
    "The warehouse user lacks a privilege.",
    "Run the grants of the setup script again as an administrator.",
  ),
  ADDRESS_NOT_ALLOWED: entry(
    "allow_list",
    "The warehouse refuses connections from our addresses.",
    "Add our egress addresses to the warehouse's allow-list.",
  ),
  HOST_UNREACHABLE: entry(
    "network_unreachable",
    "The warehouse cannot be reached.",
    "Check host and port, that the warehouse is running, and that it admits our addresses.",
  ),
  HOST_BLOCKED: entry(
    "config",
    "The host points at an address that is not allowed.",
    "Use a public address, or ask the operator to allow private ranges.",
  ),
  TLS_INVALID: entry(
    "config",
    "The warehouse's TLS certificate is not valid for this host.",
    "Use the host name that the certificate names, or renew the certificate.",
  ),
  CONNECTION_LOST: entry(
    "network_unreachable",
    "The connection to the warehouse broke off.",
    "Nothing to do: it is tried again, and nothing is written twice.",
  ),
  TIMEOUT: entry(
    "timeout",
    "The warehouse did not answer in time.",
    "Nothing to do at first; if it stays, give the warehouse more capacity.",
  ),
  THROTTLED: entry("throttle", "The warehouse asks us to slow down.", "Nothing to do: it is tried again later."),
  DEST_BUSY: entry(
    "capacity",
    "The warehouse has no capacity free.",
    "Nothing to do at first; if it stays, give the warehouse more capacity.",
  ),
  CONFLICT: entry("conflict", "Another transaction held the table.", "Nothing to do: it is tried again."),
  QUOTA_EXCEEDED: entry("quota", "A quota of the warehouse is used up.", "Raise the quota, or wait for it to renew."),
  OBJECT_MISSING: entry(
    "missing_object",
    "A table, schema or database does not exist, or may not be seen.",
    "Run the setup script, and check the names in the connection.",
  ),
  COLUMN_CONFLICT: entry(
    "schema_mismatch",
    "A table lacks a column, or has it with another type.",
    "Run the setup script for a new prefix, or alter the table as it says.",
  ),
  ROW_REJECTED: entry(
    "data_error",
    "The warehouse refused a row for its content.",
    "See the quarantined rows: each has its reason and can be replayed once mended.",
  ),
  SETTINGS_INVALID: entry("config", "The connection's settings are not valid.", "Correct the field that is named."),
  NAME_INVALID: entry("config", "A name cannot be used as an identifier.", "Use letters, digits and underscores."),
  FOREIGN_RECEIPTS: entry(
    "config",
    "The tables hold receipts of another log.",
    "Choose another table prefix, or adopt the tables: npm run ws -- connection adopt (POST /connections/{connectionId}/adopt).",
  ),
  RECEIPT_GONE: entry(
    "config",
    "The warehouse no longer holds the receipt of our last batch: its tables were replaced or emptied.",
    "Sync again from the start: npm run ws -- connection adopt (POST /connections/{connectionId}/adopt).",
  ),
  RECEIPT_UNKNOWN: entry(
    "config",
    "The warehouse holds a receipt of a batch that this installation has no record of: its own table was set back to an earlier moment.",
    "Sync again from the start, above what is there: npm run ws -- connection adopt (POST /connections/{connectionId}/adopt).",
  ),
  STAGED_GONE: entry(
    "internal",
    "Rows that were staged for a batch are gone from the warehouse.",
    "Nothing to do: they are staged again.",
  ),
  // Our own coordination
  FENCE_LOST: entry("lost", "A younger writer took over.", "Nothing to do: the younger writer goes on."),
  ATTEMPT_CLOSED: entry("lost", "This attempt was closed; another has taken over.", "Nothing to do."),
  LEASE_LOST: entry("lost", "The lease ran out and was taken over.", "Nothing to do: the work is taken up again."),
  ABORTED: entry("lost", "The work was stopped before its end.", "Nothing to do: it is taken up again."),
  STORE_UNAVAILABLE: entry("internal", "Our own store did not answer.", "Nothing to do: it is tried again."),
  SECRET_UNAVAILABLE: entry("internal", "A stored secret could not be read.", "Enter the credentials again."),
  ENGINE_UNAVAILABLE: entry(
    "internal",
    "The engine (DuckDB) does not start.",
    "Put the library that is named into the engine's layer (docs/deploy.md), and deploy again.",
  ),
  STORAGE_FULL: entry("internal", "The disk is full.", "Free space in the data folder; the work then goes on."),
  INVARIANT_BROKEN: entry("internal", "Something that must never happen did.", "Report it with this record."),
  UNKNOWN: entry("internal", "An unexpected failure.", "See the external message; report it if it stays."),
  WORKFLOW_DIED: entry("internal", "The work ended without saying how.", "Nothing to do: it is started again."),
  // API requests
  REQUEST_INVALID: entry("input", "The request is not valid.", "Correct the field that is named."),
  REQUEST_MALFORMED: entry("input", "The body cannot be read.", "Send one JSON value in UTF-8."),
  METHOD_NOT_ALLOWED: entry("input", "This address does not take that method.", "Use a method that `Allow` names."),
  BODY_TOO_LARGE: entry("input", "The body is too large.", "Keep it under the limit; send rows as CSV over SFTP."),
  BODY_NOT_JSON: entry("input", "The body is not declared as JSON.", "Send `Content-Type: application/json`."),
  NOT_FOUND: entry("input", "There is no such thing here.", "Check the address and the account of the token."),
  UNAUTHORIZED: entry("input", "A valid token is needed.", "Send `Authorization: Bearer <token>`."),
  FORBIDDEN: entry("input", "The token does not reach this far.", "Use a token with the scope that is named."),
  TOO_MANY_REQUESTS: entry(
    "input",
    "Too many calls at a time.",
    "Wait as long as `Retry-After` says; then call again.",
  ),
  STATE_CONFLICT: entry("input", "The present state does not allow this.", "See the state that is named."),
  ACCOUNT_IN_USE: entry(
    "input",
    "The account still has a connection.",
    "Remove its connection first (DELETE /connections/{connectionId}), and then the account.",
  ),
  TOO_MANY_KEYS: entry("input", "A user has at most 5 SSH keys.", "Remove a key first."),
  KEY_DUPLICATE: entry("input", "The user has this key already.", "Nothing to do."),
  KEY_PRIVATE: entry("input", "This is a private key.", "Keep it to yourself; paste the .pub file beside it."),
  KEY_TOO_SHORT: entry("input", "RSA keys need at least 2048 bits.", "Make one: ssh-keygen -t ed25519"),
  KEY_OPTIONS: entry("input", "The key has options before its type.", "Paste the bare line of the .pub file."),
  KEY_UNSUPPORTED: entry(
    "input",
    "This type of SSH key is not taken.",
    "Use ssh-ed25519, ecdsa-sha2-nistp256/384/521 or RSA of at least 2048 bits.",
  ),
  KEY_INVALID: entry("input", "This is not an SSH public key.", "Paste the one line of the .pub file."),
  // Files
  EMPTY_FILE: entry("input", "The file holds no header and no rows.", "Upload a CSV with a header line."),
  NOT_CSV: entry("input", "The file is not a CSV.", "Export it as CSV in UTF-8."),
  INVALID_ENCODING: entry("input", "The file is not valid UTF-8.", "Save the file as UTF-8."),
  UNSUPPORTED_ENCODING: entry("input", "The file's encoding is not taken.", "Save the file as UTF-8."),
  DELIMITER_UNCLEAR: entry(
    "input",
    "The columns cannot be told apart.",
    "Use commas, or set the delimiter in the mapping.",
  ),
  DUPLICATE_HEADER: entry("input", "Two columns have the same name.", "Give each column a name of its own."),
  EMPTY_HEADER: entry("input", "A column has no name.", "Name every column in the first line."),
  HEADER_TOO_LONG: entry("input", "A column's name is too long.", "Shorten the name, or quote the header rightly."),
  TOO_MANY_COLUMNS: entry(
    "input",
    "The file has too many columns.",
    "Split the file, or nest values in one JSON column.",
  ),
  HEADER_UNKNOWN: entry(
    "input",
    "A column that the mapping names is not in the file.",
    "Correct the mapping or the file.",
  ),
  IDENTIFIER_MISSING: entry(
    "input",
    "No column identifies the person.",
    "Add Email, PhoneNumber or ExternalID, or save a mapping that names one.",
  ),
  METRIC_MISSING: entry(
    "input",
    "No column or mapping names the metric.",
    "Add a Metric column, or a constant in the mapping.",
  ),
  TIME_MISSING: entry(
    "input",
    "No column holds the time of the event.",
    "Add a Timestamp column, or save a mapping that names one.",
  ),
  UNTERMINATED_QUOTE: entry(
    "input",
    "A quote is opened and never closed.",
    "Close the quote on the line that is named.",
  ),
  BAD_QUOTE: entry("input", "Text follows a closing quote.", "Double each quote inside a quoted cell."),
  FIELD_COUNT: entry(
    "input",
    "The row has more or fewer cells than the header.",
    "Quote cells that hold the delimiter.",
  ),
  CELL_TOO_LARGE: entry("input", "A cell is too large.", "Keep each cell under the limit."),
  LINE_TOO_LONG: entry("input", "A row is too long.", "Keep each row under the limit."),
  ROW_IDENTIFIER_MISSING: entry("input", "The row names no person.", "Fill in e-mail, phone number or external id."),
  INVALID_EMAIL: entry("input", "The e-mail address is not valid.", "Write it as name@example.com."),
  INVALID_PHONE: entry("input", "The phone number is not in E.164 form.", "Write it as +447700900123."),
  INVALID_DATE: entry("input", "The date is not valid or not in a form we read.", "Write it as 2026-11-24T17:15:00Z."),
  INVALID_NUMBER: entry("input", "The number is not valid.", "Write it as 1234.50."),
  INVALID_JSON: entry("input", "The cell does not hold valid JSON.", "Correct the JSON."),
  JSON_TOO_DEEP: entry("input", "The JSON is nested too deep.", "Flatten it."),
  INVALID_TEXT: entry("input", "The row holds a NUL character.", "Remove it."),
  METRIC_INVALID: entry("input", "The metric name is empty or too long.", "Use 1 to 127 characters."),
  CURRENCY_INVALID: entry("input", "The currency is not an ISO 4217 code.", "Write it as GBP."),
  ID_TOO_LONG: entry("input", "An identifier is too long.", "Keep identifiers under the limit."),
  TOO_MANY_ERRORS: entry(
    "input",
    "Too many rows are wrong.",
    "See the rejected rows; mend the file and upload it again.",
  ),
  OBJECT_GONE: entry("input", "The file was removed before it could be read.", "Upload it again."),
  TRIES_USED_UP: entry(
    "internal",
    "The file could not be imported in five tries.",
    "See the last error; upload it again.",
  ),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorCodes;

function entry(errorClass: ErrorClass, text: string, fix: string): ErrorEntry {
  return { class: errorClass, text, fix };
}
