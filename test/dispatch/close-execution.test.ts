import { expect, test } from "vitest";
import { closeExecution } from "../../lib/flows/dispatch/close-execution.ts";
import { acceptUpload } from "../../lib/flows/import/accept-upload.ts";
import { importExecution, importIdOf } from "../../lib/flows/store/imports.ts";
import { anySignal } from "../support/account-rig.ts";
import { importRig } from "../support/import-rig.ts";

test("an import whose execution was stopped is taken up at once, not at the next sweep", async () => {
  using rig = await importRig();
  const upload = await rig.put("profiles/a.csv", "Email\nann@example.com\n");
  await acceptUpload(rig.deps, { ...rig, ...upload }, anySignal);
  const importId = importIdOf(upload.key, upload.version);
  const name = importExecution(await rig.record(importId));
  await rig.workflows.stop("import", name);
  await rig.workflows.settled();
  expect(await rig.record(importId)).toMatchObject({ state: "processing", attempt: 1 });

  const end = { machine: "import", name, status: "ABORTED", input: { accountId: rig.accountId, importId } };
  await closeExecution(rig.deps, end, anySignal);
  await closeExecution(rig.deps, end, anySignal);
  await rig.workflows.settled();

  expect(await rig.record(importId)).toMatchObject({ state: "completed", attempt: 2, rowsAccepted: 1 });
});
