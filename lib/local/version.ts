import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as z from "zod";

/** The version in package.json. */
export function packageVersion(): string {
  const text = readFileSync(resolve(import.meta.dirname, "../../package.json"), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
