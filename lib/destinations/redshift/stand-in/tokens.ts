import { RedshiftFault } from "./fault.ts";

/** A piece of a statement; `text` is what stands there, `value` the word in capitals or the text within the quotes. */
export interface Token {
  readonly kind: "word" | "name" | "text" | "number" | "body" | "sign";
  readonly text: string;
  readonly value: string;
  /** Where it begins in what was given. */
  readonly at: number;
}

/** One statement: its pieces, and as it was given. */
export interface Statement {
  readonly tokens: readonly Token[];
  readonly source: string;
}

const patterns: readonly (readonly [Token["kind"] | "space", RegExp])[] = [
  ["space", /(?:\s+|--[^\n]*|\/\*[\s\S]*?\*\/)/y],
  ["body", /(\$[A-Za-z_]*\$)[\s\S]*?\1/y],
  ["name", /"[^"]*(?:""[^"]*)*"/y],
  // Backslashes escape, in strings of Redshift.
  ["text", /'[^'\\]*(?:(?:''|\\[\s\S])[^'\\]*)*'/y],
  ["number", /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y],
  ["word", /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y],
  ["sign", /::|<>|<=|>=|\|\||!=|[^\s]/y],
];

/** Takes SQL apart. Throws what Redshift says of a quote that is never closed. */
function tokensOf(sql: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < sql.length; ) {
    const found = patternAt(sql, at);
    if (found === undefined) throw new RedshiftFault("42601", `syntax error at character ${at + 1}`);
    const [kind, text] = found;
    if (kind !== "space") tokens.push({ kind, text, at, value: meaningOf(kind, text) });
    at += text.length;
  }
  return tokens;
}

function patternAt(sql: string, at: number): readonly [Token["kind"] | "space", string] | undefined {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const text = pattern.exec(sql)?.[0];
    if (text === '"' || text === "'")
      throw new RedshiftFault("42601", `unterminated quoted string at or near "${text}"`);
    if (text !== undefined && text !== "") return [kind, text];
  }
  return undefined;
}

function meaningOf(kind: Token["kind"], text: string): string {
  if (kind === "word") return text.toUpperCase();
  if (kind === "name") return text.slice(1, -1).replaceAll('""', '"');
  if (kind === "text")
    return text
      .slice(1, -1)
      .replaceAll("''", "'")
      .replaceAll(/\\([\s\S])/g, "$1");
  return text;
}

/** The statements of a text, by the semicolons that stand outside of quotes. */
export function statementsOf(sql: string): readonly Statement[] {
  const all: Token[][] = [[]];
  for (const token of tokensOf(sql)) {
    if (token.kind === "sign" && token.text === ";") all.push([]);
    else all.at(-1)?.push(token);
  }
  return all.flatMap((tokens) => {
    const [first, last] = [tokens[0], tokens.at(-1)];
    return first === undefined || last === undefined
      ? []
      : [{ tokens, source: sql.slice(first.at, last.at + last.text.length) }];
  });
}

/** Whether words stand in this order, next to each other, from a place on. */
export function wordsAt(tokens: readonly Token[], at: number, ...words: readonly string[]): boolean {
  return words.every((word, index) => {
    const token = tokens[at + index];
    return token !== undefined && token.value === word && (token.kind === "word" || token.kind === "sign");
  });
}

/** The place of words in a statement; -1 where they are not in it. */
export function findWords(tokens: readonly Token[], ...words: readonly string[]): number {
  return tokens.findIndex((_, at) => wordsAt(tokens, at, ...words));
}

/** The place after the closing sign of what opens at a place. */
export function pastGroup(tokens: readonly Token[], at: number): number {
  let depth = 0;
  for (let index = at; index < tokens.length; index += 1) {
    if (tokens[index]?.text === "(") depth += 1;
    if (tokens[index]?.text === ")") depth -= 1;
    if (depth === 0) return index + 1;
  }
  return tokens.length;
}
