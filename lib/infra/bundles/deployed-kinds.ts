import { destinations } from "../../destinations/registry.ts";

/** Every kind of warehouse that can be written to from AWS, in the registry's order. */
export async function deployedKinds(): Promise<readonly string[]> {
  const kinds: string[] = [];
  for (const [kind, load] of Object.entries(destinations)) if (!(await load()).default.embeddedOnly) kinds.push(kind);
  return kinds;
}
