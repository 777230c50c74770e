import { defineDestination } from "../destination.ts";
import { portRanges, settings } from "./settings.ts";
import { setupScript } from "./setup-script.ts";

/** The longest VARCHAR, and the longest string within SUPER. https://docs.aws.amazon.com/redshift/latest/dg/limitations-super.html */
const valueBytesMax = 65_535;

export default defineDestination({
  kind: "redshift",
  title: "Amazon Redshift",
  settings,
  staging: "ndjson.gz",
  // One COPY reads all files of a batch side by side, and one transaction merges them: minutes on a small cluster.
  limits: { batchRowsMax: 2_000_000, batchBytesMax: 1_073_741_824, batchFilesMax: 64, valueBytesMax },
  ports: portRanges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index)),
  setupScript: (given, target) => setupScript(given, target.tablePrefix),
  connect: async (given, target, options) => {
    const { openRedshift } = await import("./client.ts");
    return openRedshift(given, target, options);
  },
});
