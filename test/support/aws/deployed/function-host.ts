import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { CallMessage, EndMessage, FunctionError } from "./function-protocol.ts";

/** A function as the templates describe it. */
export interface DeployedFunction {
  /** The physical name. */
  readonly name: string;
  readonly arn: string;
  readonly roleArn: string;
  /** `index.handler` */
  readonly handler: string;
  /** The folder of its bundle. */
  readonly codeFolder: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** A line that a function wrote. */
export interface LogLine {
  readonly functionName: string;
  readonly line: string;
}

export interface FunctionHostOptions {
  readonly functions: readonly DeployedFunction[];
  /** What the test adds to the environment that the template gives. */
  readonly surroundings: (deployed: DeployedFunction) => Readonly<Record<string, string>>;
  /** How far the installation's time is ahead of this machine's. */
  readonly aheadMs: () => number;
}

/** A function ended in an error. */
export class FunctionFailed extends Error {
  readonly error: FunctionError;

  constructor(error: FunctionError) {
    super(error.errorMessage);
    this.name = error.errorType;
    this.error = error;
  }
}

/** What a test does with a call instead of letting it through; `call` is the function itself. */
export type Meddle = (event: unknown, call: () => Promise<unknown>) => Promise<unknown>;

/** Runs functions as Lambda does: a process each, made at the first call, which works on one call at a time. */
export class FunctionHost implements AsyncDisposable {
  readonly lines: LogLine[] = [];
  /** Physical names of the functions that were called. */
  readonly called = new Set<string>();
  readonly #options: FunctionHostOptions;
  readonly #processes = new Map<string, FunctionProcess>();
  #meddlers: { readonly name: string; readonly meddle: Meddle; readonly isMeant: (event: unknown) => boolean }[] = [];

  constructor(options: FunctionHostOptions) {
    this.#options = options;
  }

  get functions(): readonly DeployedFunction[] {
    return this.#options.functions;
  }

  /** Calls by physical name or ARN. Throws `FunctionFailed`. */
  async invoke(nameOrArn: string, event: unknown): Promise<unknown> {
    const name = nameOrArn.split(":").at(-1) ?? "";
    const deployed = this.#options.functions.find((each) => each.name === name);
    if (deployed === undefined) throw new TypeError(`there is no function ${nameOrArn}`);
    this.called.add(name);
    const existing = this.#processes.get(name);
    const running = existing ?? this.#start(deployed);
    this.#processes.set(name, running);
    const call = () => running.call(event, this.#options.aheadMs());
    const meddler = this.#meddlers.find((each) => each.name === name && each.isMeant(event));
    this.#meddlers = this.#meddlers.filter((each) => each !== meddler);
    return meddler === undefined ? call() : meddler.meddle(event, call);
  }

  /** The next call of a function, among those that are meant, goes through the test's hands. */
  meddleNext(name: string, meddle: Meddle, isMeant: (event: unknown) => boolean = () => true): void {
    this.#meddlers.push({ name, meddle, isMeant });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#processes.values()].map((each) => each.end()));
  }

  #start(deployed: DeployedFunction): FunctionProcess {
    const write = (line: string) => void this.lines.push({ functionName: deployed.name, line });
    return new FunctionProcess(deployed, this.#options.surroundings(deployed), write);
  }
}

const folder = import.meta.dirname;

class FunctionProcess {
  readonly #deployed: DeployedFunction;
  readonly #child: ChildProcess;
  /** Fulfilled when the process has loaded its code, or is gone. */
  readonly #started: Promise<unknown>;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #last: Promise<unknown> = Promise.resolve();
  #calls = 0;

  constructor(
    deployed: DeployedFunction,
    surroundings: Readonly<Record<string, string>>,
    write: (line: string) => void,
  ) {
    this.#deployed = deployed;
    this.#child = fork(join(folder, "function-process.ts"), [], {
      execArgv: ["--import", join(folder, "function-surroundings.ts")],
      env: { ...deployed.environment, ...lambdaVariables(deployed), ...surroundings },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    for (const output of [this.#child.stdout, this.#child.stderr])
      if (output !== null) createInterface({ input: output }).on("line", write);
    const started = Promise.withResolvers<void>();
    this.#started = started.promise;
    this.#child.on("message", (message: EndMessage | "ready") =>
      message === "ready" ? started.resolve() : this.#settle(message),
    );
    this.#child.once("exit", () => started.resolve());
    this.#child.once("exit", (code, signal) => this.#fail(`the process ended with ${code ?? signal}`));
  }

  async call(event: unknown, aheadMs: number): Promise<unknown> {
    const before = this.#last;
    const answer = Promise.withResolvers<unknown>();
    this.#last = answer.promise.catch(() => undefined);
    await Promise.all([before, this.#started]);
    this.#calls += 1;
    const id = this.#calls;
    const remainingMs = this.#deployed.timeoutSeconds * 1_000;
    const requestId = `00000000-0000-4000-8000-${String(id).padStart(12, "0")}`;
    this.#waiting.set(id, answer);
    if (this.#child.connected) this.#child.send({ id, event, requestId, remainingMs, aheadMs } satisfies CallMessage);
    else this.#fail("the process is gone");
    return answer.promise;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }

  #settle(end: EndMessage): void {
    const waiting = this.#waiting.get(end.id);
    this.#waiting.delete(end.id);
    if ("error" in end) waiting?.reject(new FunctionFailed(end.error));
    else waiting?.resolve(JSON.parse(end.answer));
  }

  #fail(why: string): void {
    const error = { errorType: "Runtime.ExitError", errorMessage: `${this.#deployed.name}: ${why}`, trace: [] };
    for (const { reject } of this.#waiting.values()) reject(new FunctionFailed(error));
    this.#waiting.clear();
  }
}

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
function lambdaVariables({ name, arn, handler, codeFolder, memoryMb }: DeployedFunction): Record<string, string> {
  return {
    _HANDLER: handler,
    LAMBDA_TASK_ROOT: codeFolder,
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: "2026/11/24/[$LATEST]0",
    TZ: ":UTC",
    TEST_FUNCTION_ARN: arn,
  };
}
