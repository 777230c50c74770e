import { CallFailed, NotRunning } from "../../http/client.ts";
import { type GlobalOptions, UsageFault } from "./session.ts";
import { printable } from "./text.ts";

/** Where a command's words go; tests collect them. */
export interface Output {
  line(text: string): void;
  problem(text: string): void;
}

/** The command did what it could, and the outcome is a bad one. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}

/** Shows an answer: as JSON with `--json`, else in words. */
export function show(output: Output, options: GlobalOptions, answer: unknown, inWords: () => string): void {
  output.line(options.json === true ? JSON.stringify(answer, null, 2) : inWords());
}

/** What went wrong and what to do, and the exit code for it: 1 refused, 2 wrong usage, 3 not running, 130 interrupted. */
export function explain(thrown: unknown): { readonly text: string; readonly exitCode: number } {
  if (thrown instanceof NotRunning) {
    return { text: `${printable(thrown.message)}.\n  fix: start it in another terminal: npm start`, exitCode: 3 };
  }
  if (thrown instanceof CallFailed) {
    const { title, detail, code, fix } = thrown.problem;
    const words = detail === title ? title : `${title} ${detail}`;
    return { text: `${printable(words)} [${code}]\n  fix: ${printable(fix)}`, exitCode: 1 };
  }
  if (thrown instanceof CommandFailed) return { text: printable(thrown.message), exitCode: 1 };
  if (thrown instanceof UsageFault) return { text: printable(thrown.message), exitCode: 2 };
  if (thrown instanceof DOMException && thrown.name === "AbortError") return { text: "interrupted", exitCode: 130 };
  return { text: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown), exitCode: 1 };
}
