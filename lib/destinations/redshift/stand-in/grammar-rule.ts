import { findWords, type Token, wordsAt } from "./tokens.ts";

/** Something of PostgreSQL's SQL that Redshift will not take. */
export interface GrammarRule {
  readonly name: string;
  /** The page of https://docs.aws.amazon.com/redshift/latest/dg/ that says so, without `.html`. */
  readonly source: string;
  readonly sqlState: string;
  readonly message: string;
  readonly applies: (tokens: readonly Token[]) => boolean;
  /** A statement that meets it. */
  readonly tried: string;
}

/** Whether words stand next to each other anywhere in a statement. */
export function has(tokens: readonly Token[], ...words: readonly string[]): boolean {
  return findWords(tokens, ...words) >= 0;
}

/** Whether a statement begins with words. */
export function begins(tokens: readonly Token[], ...words: readonly string[]): boolean {
  return wordsAt(tokens, 0, ...words);
}
