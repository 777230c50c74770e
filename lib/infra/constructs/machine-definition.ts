import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const suffix = ".asl.json";

/** The folder of the definitions, which the laptop runs as they are. */
const machinesFolder = join(import.meta.dirname, "../../../state-machines");

/** The machines by the name of their file: `sync` for `sync.asl.json`. */
export function machineNames(): readonly string[] {
  return readdirSync(machinesFolder)
    .filter((file) => file.endsWith(suffix))
    .map((file) => file.slice(0, -suffix.length))
    .sort();
}

/** A definition, and what it needs to be told. */
export interface MachineDefinition {
  /** As it stands in the file. */
  readonly text: string;
  /** The functions it calls, by `${PlaceHolder}` and folder under `functions/`. */
  readonly functions: Readonly<Record<string, string>>;
  /** Whether it calls a writer, whose name follows from the state's `kind`. */
  readonly callsWriters: boolean;
  /** Whether it reads lists out of the bucket and works on their items in executions of their own. */
  readonly hasMaps: boolean;
}

/** Reads a machine's file. */
export function machineDefinition(machine: string): MachineDefinition {
  const text = readFileSync(join(machinesFolder, `${machine}${suffix}`), "utf8");
  const placeholders = new Set([...text.matchAll(/\$\{(\w+)\}/g)].map((match) => match[1] ?? ""));
  const callsWriters = placeholders.delete("Writer");
  const hasMaps = placeholders.delete("Bucket");
  const functions = Object.fromEntries([...placeholders].sort().map((each) => [each, kebabCase(each)]));
  return { text, functions, callsWriters, hasMaps };
}

function kebabCase(pascalCase: string): string {
  return pascalCase.replace(/(?<!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
}
