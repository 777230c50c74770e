import type { Command } from "commander";
import type { AnswerOf, Client } from "../../http/client.ts";
import type { Routes } from "../../http/routes.ts";
import { type CheckStepName, checkSteps } from "../../model/check-step.ts";
import { checked, collected, connectionText, settingsOf } from "./connect-command.ts";
import { CommandFailed, show } from "./output.ts";
import type { CommandContext } from "./program.ts";
import { type CliSession, UsageFault } from "./session.ts";
import { printable } from "./text.ts";

type Connection = AnswerOf<Routes["GET /connections/{connectionId}"]>;
type Action = "retry" | "adopt" | "enable" | "disable";

/** `connection …`: what can be done with the account's connection. An account has one at a time, so none is named. */
export function addConnectionCommands(program: Command, context: CommandContext): void {
  const { session, output } = context;
  const connection = program.command("connection").description("the account's connection");
  connection
    .command("show")
    .description("show it, with the steps of its last check")
    .action(async () => {
      const opened = session();
      await shown(opened, context, await active(await opened.account()));
    });
  addActions(connection, context);
  connection
    .command("credentials")
    .description("try changed settings and put them in use once their check has passed")
    .requiredOption("--set <key=value>", "a setting to change; key=@file reads it from a file (repeat)", collected, [])
    .action(async (options: { set: readonly string[] }) => {
      const opened = session();
      const api = await opened.account();
      const { id: connectionId, destination } = await active(api);
      const form = (await api.call("GET /destinations")).items.find((kind) => kind.kind === destination);
      if (form === undefined) throw new CommandFailed(`the kind ${destination} is not offered here any more`);
      const body = { settings: settingsOf(form, options.set) };
      await api.call("PUT /connections/{connectionId}/credentials", { params: { connectionId }, body });
      await shown(opened, context, await checked(api, connectionId, context));
    });
  connection
    .command("test [step]")
    .description("test a fix: try the step of the check that failed, or the one that is named")
    .action(async (step?: string) => {
      const opened = session();
      const api = await opened.account();
      const params = { connectionId: (await active(api)).id };
      const body = step === undefined ? {} : { step: stepNamed(step) };
      const outcome = await api.call("POST /connections/{connectionId}/test-step", { params, body });
      show(output, opened.options, outcome, () =>
        [
          `${outcome.ok ? "ok" : "FAILED"}  ${outcome.step}  ${printable(outcome.detail)}`,
          ...(outcome.ok ? [] : [`  ${outcome.code}  fix: ${printable(outcome.fix)}`]),
        ].join("\n"),
      );
      if (!outcome.ok) throw new CommandFailed(`the step ${outcome.step} fails`);
    });
  connection
    .command("script")
    .description("print the statements that the warehouse's administrator runs once")
    .action(async () => {
      const opened = session();
      const api = await opened.account();
      const params = { connectionId: (await active(api)).id };
      const answer = await api.call("GET /connections/{connectionId}/setup-script", { params });
      show(output, opened.options, answer, () => answer.script);
    });
}

function addActions(connection: Command, context: CommandContext): void {
  const { session, output } = context;
  const actions: Record<Action, string> = {
    retry: "check it again",
    adopt:
      "take over tables with receipts that are not ours, or no longer: sync into them from the start, above all of it",
    enable: "check it and enable it again: its syncs go on from where they were",
    disable: "disable it and its syncs",
  };
  for (const [action, description] of Object.entries(actions) as [Action, string][]) {
    connection
      .command(action)
      .description(description)
      .action(async () => {
        const opened = session();
        const api = await opened.account();
        const params = { connectionId: (await active(api)).id };
        await api.call(`POST /connections/{connectionId}/${action}`, { params });
        await shown(opened, context, await checked(api, params.connectionId, context));
      });
  }
  connection
    .command("remove")
    .description("remove it and its secret; the warehouse's tables stay")
    .action(async () => {
      const opened = session();
      const api = await opened.account();
      const params = { connectionId: (await active(api)).id };
      const removed = await api.call("DELETE /connections/{connectionId}", { params });
      show(
        output,
        opened.options,
        removed,
        () => `Connection ${removed.name} is removed; its tables stay as they are.`,
      );
    });
}

function stepNamed(word: string): CheckStepName {
  const step = checkSteps.find((name) => name === word);
  if (step === undefined) throw new UsageFault(`there is no step ${word}; there are: ${checkSteps.join(", ")}`);
  return step;
}

async function active(api: Client<Routes>): Promise<Connection> {
  const { items } = await api.call("GET /connections");
  const found = items.find((item) => item.status !== "Removed");
  if (found === undefined)
    throw new UsageFault("the account has no connection; make one: npm run ws -- connect --help");
  return found;
}

async function shown(opened: CliSession, { output }: CommandContext, connection: Connection): Promise<void> {
  const account = await (await opened.account()).call("GET /account");
  show(output, opened.options, connection, () => connectionText(connection, account.id, opened.options));
}
