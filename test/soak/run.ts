import { parseArgs } from "node:util";
import { runSoak } from "./soak.ts";

const help = `npm run test:soak -- [options]   trouble from six sources at once, then calm, then everything is compared

  --seconds N    how long trouble lasts (default 60)
  --seed N       of everything that happens (default: one by the clock, printed)
  --to KIND      memory (default), or a registered kind, on its stand-in
  --help         this text

Ends non-zero when something does not hold. A slow drain is no failure.`;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    to: { type: "string", default: "memory" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) console.log(help);
else await main(Number(values.seconds), Number(values.seed), values.to);

async function main(seconds: number, seed: number, kind: string): Promise<void> {
  console.log(`soak of ${kind}, ${seconds} s, seed ${seed}`);
  const endsAt = performance.now() + seconds * 1_000;
  const report = await runSoak({ kind, seed, goesOn: () => performance.now() < endsAt });
  console.log(JSON.stringify({ ...report, broken: report.broken.slice(0, 20) }, null, 2));
  if (report.broken.length > 0) process.exitCode = 1;
  else console.log(`all of it holds (seed ${seed})`);
}
