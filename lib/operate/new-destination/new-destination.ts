import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { templates } from "./templates.ts";

const registryPath = "lib/destinations/registry.ts";
const linePattern = /^ {2}(\w+): \(\) => import\("\.\/\w+\/index\.ts"\),$/;

/** Writes a kind's folder and its line in the registry, and answers the paths. Throws `RangeError` for a name that cannot be one. */
export function newDestination(project: string, kind: string): readonly string[] {
  const folder = join("lib/destinations", kind);
  if (!/^[a-z][a-z0-9]{1,30}$/.test(kind))
    throw new RangeError(`a kind is 2 to 31 small letters and digits, not ${JSON.stringify(kind)}`);
  if (existsSync(join(project, folder))) throw new RangeError(`${folder} is there already`);
  const registry = withLine(readFileSync(join(project, registryPath), "utf8"), kind);
  mkdirSync(join(project, folder));
  const files = Object.entries(templates(kind)).map(([name, text]) => {
    writeFileSync(join(project, folder, name), text);
    return join(folder, name);
  });
  writeFileSync(join(project, registryPath), registry);
  return [...files, registryPath];
}

/** The registry with the kind's line where the alphabet has it. */
function withLine(registry: string, kind: string): string {
  const lines = registry.split("\n");
  const isKind = (line: string) => linePattern.test(line);
  const first = lines.findIndex(isKind);
  if (first < 0) throw new RangeError(`${registryPath} has no line that looks like a kind's`);
  const kinds = lines.filter(isKind);
  const all = [...kinds, `  ${kind}: () => import("./${kind}/index.ts"),`].sort();
  return [...lines.slice(0, first), ...all, ...lines.slice(first + kinds.length)].join("\n");
}
