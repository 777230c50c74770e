import { SyncError } from "../../model/errors.ts";
import { redact } from "../redact.ts";
import type { SqlSession } from "../sql/commit.ts";
import { literal } from "./dialect.ts";
import { fileNumberOf } from "./staging.ts";

/** Lines of one file that are read from the log at most. */
const linesMax = 10_000;

/**
 * What COPY said of lines that it refused: the line, column and reason are told, never the row. `undefined` where the log shows nothing of these objects.
 * https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_ERROR_DETAIL.html
 */
export async function loadFailure(
  session: SqlSession,
  urls: readonly string[],
  secrets: readonly string[],
): Promise<SyncError | undefined> {
  if (urls.length === 0) return undefined;
  const found = await session.query({
    sql: `SELECT query_id, TRIM(file_name) AS file_name, line_number, TRIM(column_name) AS column_name, error_code, TRIM(error_message) AS error_message FROM sys_load_error_detail WHERE TRIM(file_name) IN (${urls.map(literal).join(", ")}) ORDER BY file_name, line_number LIMIT ${linesMax}`,
    values: [],
  });
  const [first] = found;
  if (first === undefined) return undefined;
  const badRows = found.flatMap((row) => {
    const file = fileNumberOf(String(row["file_name"]));
    return file === undefined ? [] : [{ file, line: Number(row["line_number"]) }];
  });
  const place = `${String(first["file_name"]).split("/").at(-1)}, line ${first["line_number"]}, column ${first["column_name"]}`;
  return new SyncError("ROW_REJECTED", {
    externalMessage: redact(`${first["error_message"]}; ${place}`, secrets),
    vendorCode: String(first["error_code"]),
    vendorRef: String(first["query_id"]),
    badRows,
  });
}
