/** The CDK app: `cdk synth` and `cdk deploy` run it. Needs no credentials, no Docker and no look-ups. */
import { App } from "aws-cdk-lib";
import { addChecks, addStacks } from "../lib/infra/app.ts";
import { makeCode } from "../lib/infra/code.ts";
import { ConfigInvalid, configFrom } from "../lib/infra/config.ts";
import { loadKinds } from "../lib/infra/kinds.ts";
import { packageVersion } from "../lib/local/version.ts";

const app = new App({ analyticsReporting: false });

try {
  const config = configFrom(app.node.getAllContext());
  const code = await makeCode(config, { say: (text) => process.stderr.write(`${text}\n`) });
  addStacks(app, { config, kinds: await loadKinds(), code, version: packageVersion() });
  addChecks(app);
  app.synth();
} catch (error) {
  if (!(error instanceof ConfigInvalid)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
