import { duration, printable } from "./cli/text.ts";

/** Shows what is at work: on a terminal in one line that changes, elsewhere a line for each change of what is at work. */
export interface ProgressLine {
  show(working: readonly string[]): void;
  /** Clears the line. */
  end(): void;
}

const wide = 100;

/** Writes to a terminal or a file; a terminal's line is overwritten. */
export function openProgressLine(stream: { isTTY?: boolean; write(text: string): unknown }): ProgressLine {
  const startedAt = performance.now();
  const isTerminal = stream.isTTY === true;
  let last = "";
  return {
    show: (working) => {
      const names = working.map((work) => (isTerminal ? work : work.replace(/ \d+ %$/, "")));
      const text = printable(names.join(" · ")).slice(0, wide);
      if (text === "" || (text === last && !isTerminal)) return;
      last = text;
      const line = `  … ${duration(performance.now() - startedAt)}  ${text}`;
      stream.write(isTerminal ? `\r\u001B[2K${line}` : `${line}\n`);
    },
    end: () => {
      if (isTerminal && last !== "") stream.write("\r\u001B[2K");
    },
  };
}
