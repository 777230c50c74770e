import { CallFailed, NotRunning } from "../../http/client.ts";
import { duration, printable, tableText } from "../../local/cli/text.ts";
import type { ProgressLine } from "../../local/progress-line.ts";

/** What somebody saw who tried it. */
export interface SmokeStep {
  readonly title: string;
  readonly outcome: "ok" | "FAILED" | "not tried";
  readonly detail: string;
}

/** Something was not as it must be; the message says what, and what to do. */
export class SmokeFailed extends Error {
  override readonly name = "SmokeFailed";
}

/** Runs the steps one after another, tells each as it ends, and remembers them for the table at the end. */
export class SmokeStory {
  readonly steps: SmokeStep[] = [];
  readonly #say: (line: string) => void;
  readonly #progress: ProgressLine;
  #working: readonly string[] = [];

  constructor(say: (line: string) => void, progress: ProgressLine) {
    this.#say = say;
    this.#progress = progress;
  }

  /** Runs a step whose answer is what was found; a failure is kept, told and thrown on. */
  async step(title: string, work: () => Promise<string>): Promise<void> {
    const startedAt = performance.now();
    try {
      const detail = await work();
      this.#end(
        { title, outcome: "ok", detail },
        `  ✓ ${title}: ${detail} (${duration(performance.now() - startedAt)})`,
      );
    } catch (error) {
      const detail = this.#reasonOf(error);
      this.#end({ title, outcome: "FAILED", detail }, `  ✗ ${title}: ${detail}`);
      throw error;
    }
  }

  /** Says of a part that it was left out, and why. */
  skip(title: string, why: string): void {
    this.#end({ title, outcome: "not tried", detail: why }, `  – ${title}: not tried, ${why}`);
  }

  /** Shows what is waited for. */
  waitFor(working: readonly string[]): void {
    this.#working = working;
    this.#progress.show(working);
  }

  get hasFailed(): boolean {
    return this.steps.some(({ outcome }) => outcome === "FAILED");
  }

  table(): string {
    const rows = this.steps.map(({ title, outcome, detail }) => [outcome, title, detail.split("\n")[0]]);
    return tableText(["", "Step", "Found"], rows);
  }

  #end(step: SmokeStep, line: string): void {
    this.#working = [];
    this.#progress.end();
    this.steps.push(step);
    this.#say(line);
  }

  #reasonOf(error: unknown): string {
    if (error instanceof CallFailed) {
      const { title, detail, code, fix } = error.problem;
      return `${printable(detail === title ? title : `${title} ${detail}`)} [${code}]\n    fix: ${printable(fix)}`;
    }
    const isTime = error instanceof DOMException && error.name === "TimeoutError";
    if (isTime) return `the time was up; still waited for: ${this.#working.map(printable).join(", ") || "an answer"}`;
    if (error instanceof DOMException) return "interrupted";
    if (error instanceof SmokeFailed || error instanceof NotRunning) return error.message;
    return error instanceof Error ? `${error.name}: ${printable(error.message)}` : String(error);
  }
}
