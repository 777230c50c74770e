/** `npm run new:destination -- <kind>`: the folder of a new warehouse and its line in the registry. */
import { resolve } from "node:path";
import { newDestination } from "../lib/operate/new-destination/new-destination.ts";

const [kind = ""] = process.argv.slice(2);
try {
  for (const path of newDestination(resolve(import.meta.dirname, ".."), kind)) console.log(`wrote ${path}`);
  console.log(
    `Now: npx vitest run test/destinations -t "${kind} warehouse"; docs/new-destination.md says what it asks for.`,
  );
} catch (error) {
  console.error(`npm run new:destination -- <kind>: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
