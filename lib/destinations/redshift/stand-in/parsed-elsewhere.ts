import parser from "node-sql-parser";
import { RedshiftFault } from "./fault.ts";
import { findWords, type Token, wordsAt } from "./tokens.ts";

const independent = new parser.Parser();

/** Statements that the parser's Redshift dialect knows. It knows no temporary tables, MERGE, COPY, DELETE … USING, calls with several words. */
const known: readonly (readonly string[])[] = [
  ["ALTER", "TABLE"],
  ["BEGIN"],
  ["COMMIT"],
  ["CREATE", "SCHEMA"],
  ["INSERT"],
  ["LOCK"],
  ["ROLLBACK"],
  ["SELECT"],
  ["SET"],
  ["UPDATE"],
];
/** Words that this parser takes for the beginning of something else. */
const unknownWords = ["CURRENT_USER", "RENAME", "TRIM"];

/** A second opinion on the grammar: `node-sql-parser` has to read what it knows. Throws a syntax error where it cannot. */
export function requireKnown(tokens: readonly Token[], sql: string): void {
  if (!known.some((words) => wordsAt(tokens, 0, ...words))) return;
  if (unknownWords.some((word) => findWords(tokens, word) >= 0)) return;
  try {
    independent.astify(sql, { database: "redshift" });
  } catch (cause) {
    const words = (cause as Error).message.split("\n")[0]?.slice(0, 200);
    throw new RedshiftFault("42601", `syntax error: node-sql-parser cannot read ${sql.slice(0, 200)}: ${words}`, {
      cause,
    });
  }
}
