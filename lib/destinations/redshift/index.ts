import { defineDestination } from "../destination.ts";
import { redshiftCosts } from "./costs.ts";
import { portRanges, settings } from "./settings.ts";
import { setupScript } from "./setup-script.ts";

/** The longest VARCHAR, and the longest string within SUPER. https://docs.aws.amazon.com/redshift/latest/dg/limitations-super.html */
const valueBytesMax = 65_535;
/** A row as COPY reads it, before it is taken apart; what is over in all is found by COPY. https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html */
const jsonBytesMax = 4_194_304;

export default defineDestination({
  kind: "redshift",
  title: "Amazon Redshift",
  settings,
  staging: "ndjson.gz",
  // One COPY reads all files of a batch side by side, and one transaction merges them: minutes on a small cluster.
  limits: { batchRowsMax: 2_000_000, batchBytesMax: 1_073_741_824, batchFilesMax: 64, valueBytesMax, jsonBytesMax },
  ports: portRanges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index)),
  costs: redshiftCosts,
  about: {
    keeps: "tables",
    signIn: [
      "User and password, over TLS with the certificate checked",
      "Data API: a role of the customer's account, taken on with an external ID; then a secret of theirs or a database user",
    ],
    loadPath:
      "NDJSON (gzip) in our bucket and a manifest of mandatory files, `COPY` with the cluster's role or with keys for those files alone, one transaction that locks the receipts first",
    triedAgainst: [
      "PostgreSQL behind a server that plays Redshift's wire, its COPY and its refusals",
      "a Data API, STS and S3 on the loopback before the same engine",
    ],
    neverTriedLive: [
      "Amazon Redshift itself, provisioned or serverless, by either way",
      "Redshift's own error texts and system tables",
    ],
  },
  setupScript,
  connect: async (given, target, options) => {
    const { openRedshift } = await import("./client.ts");
    return openRedshift(given, target, options);
  },
});
