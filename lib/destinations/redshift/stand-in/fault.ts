/** A failure in the words and with the code that Redshift gives. */
export class RedshiftFault extends Error {
  readonly sqlState: string;
  readonly detail: string | undefined;
  /** FATAL ends the connection. */
  readonly severity: "ERROR" | "FATAL";

  constructor(
    sqlState: string,
    message: string,
    { detail, severity = "ERROR", cause }: { detail?: string; severity?: "ERROR" | "FATAL"; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.sqlState = sqlState;
    this.detail = detail;
    this.severity = severity;
  }
}
