import { SyncError } from "../../model/errors.ts";

/** First bytes of what people upload as .csv that is none. */
const signatures: readonly (readonly [string, string])[] = [
  ["504b0304", "a ZIP archive or an Excel workbook (XLSX)"],
  ["504b0506", "an empty ZIP archive"],
  ["d0cf11e0", "an old Excel workbook (XLS)"],
  ["25504446", "a PDF"],
  ["1f8b", "compressed with gzip; upload it uncompressed"],
  ["28b52ffd", "compressed with zstd; upload it uncompressed"],
  ["425a6839314159", "compressed with bzip2; upload it uncompressed"],
  ["fd377a585a", "compressed with xz; upload it uncompressed"],
  ["377abcaf271c", "a 7z archive"],
  ["5041523115", "a Parquet file"],
  ["53514c69746520666f726d6174", "an SQLite database"],
  ["89504e47", "a picture"],
  ["ffd8ff", "a picture"],
];

const wideMarks: readonly (readonly [string, string])[] = [
  ["fffe0000", "UTF-32"],
  ["0000feff", "UTF-32"],
  ["fffe", "UTF-16"],
  ["feff", "UTF-16"],
];

/** Refuses what is not a CSV in UTF-8 by the first bytes: `UNSUPPORTED_ENCODING` or `NOT_CSV`, saying what it looks like. */
export function refuseOtherKinds(head: Uint8Array): void {
  const hex = Buffer.from(head.subarray(0, 16)).toString("hex");
  const wide = wideMarks.find(([mark]) => hex.startsWith(mark));
  if (wide !== undefined) throw unsupported(wide[1]);
  const signature = signatures.find(([mark]) => hex.startsWith(mark));
  if (signature !== undefined) throw notCsv(signature[1]);
  refuseNulTexts(head);
  const start = Buffer.from(head.subarray(0, 1024)).toString("latin1").trimStart();
  if (/^<(!doctype|html|head|body|table|\?xml|!--)/i.test(start)) throw notCsv("HTML or XML");
  if (/^(\{\s*("|\})|\[\s*(\{|\[|"|\]))/.test(start)) throw notCsv("JSON");
}

/** A NUL in the first line is no typing error: two bytes a character without a mark, or no text at all. */
function refuseNulTexts(head: Uint8Array): void {
  const start = head.subarray(0, 256);
  const line = start.subarray(0, Math.max(2, start.indexOf(10) < 0 ? start.length : start.indexOf(10)));
  const nuls = line.filter((byte) => byte === 0).length;
  if (nuls === 0) return;
  throw nuls >= line.length / 3 ? unsupported("UTF-16 or UTF-32") : notCsv("binary data");
}

function unsupported(encoding: string): SyncError {
  return new SyncError("UNSUPPORTED_ENCODING", { message: `the file is in ${encoding}; save it as UTF-8` });
}

function notCsv(kind: string): SyncError {
  return new SyncError("NOT_CSV", { message: `the file is no CSV: it looks like ${kind}` });
}
