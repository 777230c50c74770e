import { functionSpecs } from "../../../../lib/infra/function-specs.ts";
import { declaredCalls } from "../../../../lib/infra/specs/function-spec.ts";
import { writerSpec } from "../../../../lib/infra/specs/sync-specs.ts";
import { writerStatements } from "../../../../lib/platform/aws/writer-scope.ts";
import { places } from "../confined-deps.ts";
import type { LogLine } from "./function-host.ts";

/** Calls to AWS by function, sorted. */
export type Calls = Readonly<Record<string, readonly string[]>>;

/** The calls that functions wrote into their logs, by the folder's name; of all writers together. */
export function callsMade(lines: readonly LogLine[], installationName: string): Calls {
  const made = new Map<string, Set<string>>();
  for (const { functionName, line } of lines) {
    const call = callIn(line);
    if (call === undefined) continue;
    const name = functionName.slice(installationName.length + 1).replace(/^writer-.*/, "writer");
    made.set(name, (made.get(name) ?? new Set()).add(call));
  }
  return Object.fromEntries([...made].map(([name, calls]) => [name, [...calls].sort()]));
}

function callIn(line: string): string | undefined {
  if (!line.includes('"aws-call"')) return undefined;
  return (JSON.parse(line) as { readonly call?: string }).call;
}

/** The calls that every function declares, of an installation with SFTP; a writer's with those of its session. */
export function callsDeclared(): Calls {
  const declared = Object.entries(functionSpecs).map(([name, spec]) => [name, declaredCalls(spec, true)] as const);
  return Object.fromEntries(
    [...declared, ["writer", writerCalls()] as const].map(([name, calls]) => [name, sorted(calls)]),
  );
}

/** A writer's own, and what its session for one account may. */
function writerCalls(): readonly string[] {
  const statements = writerStatements(places).filter(({ Sid }) => Sid !== "Key");
  return [
    ...declaredCalls(writerSpec, true),
    ...statements.flatMap(({ Action, Resource, Condition }) => {
      const prefixes = [Condition["StringLike"]?.["s3:prefix"] ?? []].flat();
      const resources = prefixes.length > 0 ? prefixes.map((prefix) => `${places.bucketArn}/${prefix}`) : Resource;
      return Action.flatMap((action) => resources.map((resource) => `${action} ${shortNameOf(action, resource)}`));
    }),
  ];
}

/** The short name, in calls, of a resource that a policy names. */
function shortNameOf(action: string, resource: string): string {
  const service = action.split(":")[0];
  if (service === "s3") return `bucket/${resource.slice(places.bucketArn.length + 1).split("/")[0]}`;
  return service === "dynamodb" ? "table" : "secret";
}

function sorted(calls: readonly string[]): readonly string[] {
  return [...new Set(calls)].sort();
}

/** What stands in one but not in the other, by function: `+` was made and not declared, `-` was declared and not made. */
export function differenceOf(made: Calls, declared: Calls): readonly string[] {
  const names = [...new Set([...Object.keys(made), ...Object.keys(declared)])].sort();
  return names.flatMap((name) => {
    const [own = [], other = []] = [made[name], declared[name]];
    return [
      ...own.filter((call) => !other.includes(call)).map((call) => `+ ${name}: ${call}`),
      ...other.filter((call) => !own.includes(call)).map((call) => `- ${name}: ${call}`),
    ];
  });
}
