import * as z from "zod";
import { duckdbLayer } from "./duckdb-layer.ts";

/** `npm run layer`: brings DuckDB for Lambda here, so that a later `cdk synth` needs no registry. */
const architectures = z.array(z.enum(["arm64", "x86_64"])).parse(process.argv.slice(2));
for (const architecture of architectures.length === 0 ? (["arm64"] as const) : architectures)
  console.info(await duckdbLayer(architecture, { say: (text) => console.error(text) }));
