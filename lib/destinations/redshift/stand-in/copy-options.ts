import { RedshiftFault } from "./fault.ts";
import { type Token, wordsAt } from "./tokens.ts";

/** A COPY as Redshift reads it. https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html */
export interface Copy {
  /** As the statement names it: quoted parts joined by dots. */
  readonly table: string;
  readonly columns: readonly string[];
  readonly url: string;
  readonly options: ReadonlyMap<string, string>;
}

/** Options that are followed by a value, and those that stand alone. */
const withText = [
  "ACCESS_KEY_ID",
  "SECRET_ACCESS_KEY",
  "SESSION_TOKEN",
  "IAM_ROLE",
  "REGION",
  "TIMEFORMAT",
  "DATEFORMAT",
  "NULL",
];
const withWord = ["COMPUPDATE", "STATUPDATE", "MAXERROR"];
const alone = ["MANIFEST", "GZIP", "NOLOAD", "ACCEPTINVCHARS", "TRUNCATECOLUMNS", "EMPTYASNULL", "BLANKSASNULL"];

/** Takes a COPY apart. Throws a syntax error at the first word that it does not know. */
export function copyOf(tokens: readonly Token[]): Copy {
  let at = 1;
  const take = (): Token => {
    const token = tokens[at];
    if (token === undefined) throw new RedshiftFault("42601", "syntax error at end of input");
    at += 1;
    return token;
  };
  const nameOf = ({ kind, text }: Token) => (kind === "name" ? text.toLowerCase() : text.toLowerCase());
  let table = nameOf(take());
  while (tokens[at]?.text === ".") {
    take();
    table += `.${nameOf(take())}`;
  }
  const columns: string[] = [];
  if (tokens[at]?.text === "(") {
    for (let token = take(); token.text !== ")"; ) {
      token = take();
      if (token.kind === "name" || token.kind === "word") columns.push(nameOf(token).replaceAll('"', ""));
    }
  }
  if (take().value !== "FROM") throw new RedshiftFault("42601", "syntax error: COPY has no FROM");
  const source = take();
  if (source.kind !== "text") throw new RedshiftFault("42601", `syntax error at or near "${source.text}"`);
  return { table, columns, url: source.value, options: optionsOf(tokens, at) };
}

function optionsOf(tokens: readonly Token[], from: number): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (let at = from; at < tokens.length; ) {
    const name = tokens[at]?.value ?? "";
    if (wordsAt(tokens, at, "FORMAT") || wordsAt(tokens, at, "JSON")) {
      at += wordsAt(tokens, at, "FORMAT", "AS") ? 2 : wordsAt(tokens, at, "FORMAT") ? 1 : 0;
      if (!wordsAt(tokens, at, "JSON")) throw new RedshiftFault("0A000", "this stand-in loads JSON only");
      at += wordsAt(tokens, at, "JSON", "AS") ? 2 : 1;
      options.set("JSON", tokens[at]?.value ?? "");
      at += 1;
    } else if (withText.includes(name) || withWord.includes(name)) {
      at += tokens[at + 1]?.value === "AS" ? 2 : 1;
      options.set(name, tokens[at]?.value ?? "");
      at += 1;
    } else if (alone.includes(name)) {
      options.set(name, "");
      at += 1;
    } else throw new RedshiftFault("42601", `syntax error at or near "${tokens[at]?.text}"`);
  }
  return options;
}
