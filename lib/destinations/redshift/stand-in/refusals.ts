import { RedshiftFault } from "./fault.ts";
import type { GrammarRule } from "./grammar-rule.ts";
import { statementRules } from "./statement-rules.ts";
import { tableRules } from "./table-rules.ts";
import type { Token } from "./tokens.ts";

/** In the order in which they are asked; the first that applies is what Redshift says. */
export const grammarRules: readonly GrammarRule[] = [...statementRules, ...tableRules];

/** Throws what Redshift says where a statement is not in its grammar, or beyond its limits. */
export function refuse(tokens: readonly Token[]): void {
  const rule = grammarRules.find(({ applies }) => applies(tokens));
  if (rule !== undefined) throw new RedshiftFault(rule.sqlState, rule.message);
}
