import { findWords, pastGroup, type Token, wordsAt } from "./tokens.ts";

/** A statement for the engine, and the domains that it needs. */
export interface Translated {
  readonly sql: string;
  /** Lengths of VARCHAR for which a domain has to be there. */
  readonly lengths: readonly number[];
}

/** VARCHAR without a length, and TEXT whatever is meant by it. https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html */
const lengthDefault = 256;
const lengthMax = 65_535;

/**
 * Redshift's SQL as PostgreSQL's, by its grammar and never by what a statement says. Lengths of VARCHAR are bytes; quoted
 * names fold to lower case; a transaction has one snapshot; how tables are spread is nothing to this engine.
 */
export function translate(tokens: readonly Token[]): Translated {
  const lengths: number[] = [];
  const out: string[] = [];
  for (let at = 0; at < tokens.length; ) {
    const token = tokens[at];
    if (token === undefined) break;
    const taken = typeAt(tokens, at, lengths) ?? functionAt(tokens, at) ?? optionAt(tokens, at);
    out.push(taken?.text ?? plain(token));
    at = taken?.next ?? at + 1;
  }
  const sql = out.filter((text) => text !== "").join(" ");
  return { sql: /^BEGIN$/i.test(sql) ? "BEGIN ISOLATION LEVEL REPEATABLE READ" : sql, lengths };
}

interface Taken {
  readonly text: string;
  readonly next: number;
}

function plain(token: Token): string {
  if (token.kind === "name") return token.text.toLowerCase();
  if (token.kind === "body") return token.text.replaceAll(/PASSWORD\s+DISABLE/gi, "PASSWORD NULL");
  if (token.kind !== "text" || !token.text.includes("\\")) return token.text;
  return `'${token.value.replaceAll("'", "''")}'`;
}

/** `VARCHAR(n)`, `CHARACTER VARYING(n)`, `TEXT` as the domain that counts bytes. */
function typeAt(tokens: readonly Token[], at: number, lengths: number[]): Taken | undefined {
  if (!isDdl(tokens)) return undefined;
  const words = wordsAt(tokens, at, "CHARACTER", "VARYING") ? 2 : wordsAt(tokens, at, "VARCHAR") ? 1 : 0;
  if (words === 0 && !wordsAt(tokens, at, "TEXT")) return undefined;
  const after = at + Math.max(1, words);
  const hasLength = words > 0 && tokens[after]?.text === "(";
  const given = hasLength ? (tokens[after + 1]?.value ?? "") : String(lengthDefault);
  const length = given === "MAX" ? lengthMax : Number(given);
  lengths.push(length);
  return { text: `redshift.varchar_${length}`, next: hasLength ? pastGroup(tokens, after) : after };
}

function isDdl(tokens: readonly Token[]): boolean {
  return wordsAt(tokens, 0, "CREATE") || wordsAt(tokens, 0, "ALTER");
}

/** The unit of DATEDIFF is a bare word. */
function functionAt(tokens: readonly Token[], at: number): Taken | undefined {
  if (!wordsAt(tokens, at, "DATEDIFF", "(")) return undefined;
  return { text: `datediff('${tokens[at + 2]?.value.toLowerCase()}'`, next: at + 3 };
}

/** What PostgreSQL does not know and this engine has no use for. */
function optionAt(tokens: readonly Token[], at: number): Taken | undefined {
  if (wordsAt(tokens, 0, "CREATE") && findWords(tokens, "TABLE") > 0) {
    if (wordsAt(tokens, at, "DISTSTYLE") || wordsAt(tokens, at, "ENCODE")) return { text: "", next: at + 2 };
    if (wordsAt(tokens, at, "DISTKEY", "(") || wordsAt(tokens, at, "SORTKEY", "("))
      return { text: "", next: pastGroup(tokens, at + 1) };
  }
  if (wordsAt(tokens, at, "PASSWORD", "DISABLE")) return { text: "PASSWORD NULL", next: at + 2 };
  return undefined;
}
