// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are sources, placeholders and all
/** A promise taken out of the sources, and the part of the suite that must notice. */
export interface Mutant {
  /** What is missing, in a few words. */
  readonly name: string;
  readonly file: string;
  /** Stands exactly once in the file; a mutant whose text has moved fails loudly. */
  readonly find: string;
  readonly replace: string;
  /** Test files, and the names of the tests in them that must fail. */
  readonly caughtBy: { readonly files: readonly string[]; readonly tests: string };
}

const commit = "lib/destinations/sql/commit.ts";
const receipts = "lib/destinations/sql/receipts.ts";
const flow = "lib/flows/sync/commit-batch.ts";
const watermark = "lib/flows/sync/move-watermark.ts";
const faults = "test/destinations/contract-faults.test.ts";
const contract = "test/destinations/contract.test.ts";
const checks = "test/destinations/contract-checks.test.ts";

/** Parts of the suite that mutants of the SQL kinds are tried against. */
const onSql = (file: string, tests: string) => ({ files: [file], tests: `a (duckdb|postgres) warehouse.*${tests}` });

export const mutants: readonly Mutant[] = [
  {
    name: "no fence",
    file: commit,
    find: 'if (held !== fence) throw new SyncError("FENCE_LOST"',
    replace: 'if (held === -1) throw new SyncError("FENCE_LOST"',
    caughtBy: onSql(faults, "refuses an old fence"),
  },
  {
    name: "a fence that is looked at, and not raised",
    file: commit,
    find: "  await parts.session.query(statements.raiseLease(batch.object, fence));",
    replace: "",
    caughtBy: onSql(faults, "refuses an old fence"),
  },
  {
    name: "an old fence lowers the lease row",
    file: receipts,
    find: "AND fence <= $2 AND log_id = $3",
    replace: "AND fence <> -$2 AND log_id = $3",
    caughtBy: onSql(faults, "(refuses an old fence|lets an old fence)"),
  },
  {
    name: "no look-up of the receipt",
    file: commit,
    find: "    if (earlier !== undefined) return earlier;",
    replace: "",
    caughtBy: onSql(contract, "takes a batch once"),
  },
  {
    name: "receipt outside the transaction",
    file: commit,
    find: `    await step(parts, "receipt", () => parts.session.query(statements.insert(batch, fence, counts)));
    return undefined;
  });`,
    replace: `    late = () => parts.session.query(statements.insert(batch, fence, counts));
    return undefined;
  });
  await step(parts, "receipt", () => late());`,
    caughtBy: onSql(faults, "killed at commit, after"),
  },
  {
    name: "receipt before its rows, in a transaction of its own",
    file: commit,
    find: `    const counts = await step(parts, "merge", () => parts.merge(batch));
    await step(parts, "receipt", () => parts.session.query(statements.insert(batch, fence, counts)));`,
    replace: `    await step(parts, "receipt", () => parts.session.query(statements.insert(batch, fence, { inserted: 1, updated: 0 })));
    await parts.commit();
    await parts.begin();
    await step(parts, "merge", () => parts.merge(batch));`,
    caughtBy: onSql(faults, "killed at merge"),
  },
  {
    name: "no read-back by the kind",
    file: commit,
    find: '  return step(parts, "read-back", async () => {',
    replace: '  return step(parts, "look-up", async () => {',
    caughtBy: onSql(faults, "passes its steps"),
  },
  {
    name: "another log's tables are taken",
    file: commit,
    find: 'if (lease?.["log_id"] !== logId)',
    replace: "if (lease === undefined)",
    caughtBy: onSql(checks, "refuses tables that hold another log"),
  },
  {
    name: "no dedupe in the batch (PostgreSQL)",
    file: "lib/destinations/postgres/dialect.ts",
    find: "SELECT DISTINCT ON (${key}) ",
    replace: "SELECT ",
    caughtBy: onSql(contract, "keeps of each profile"),
  },
  {
    name: "no dedupe in the batch (DuckDB)",
    file: "lib/destinations/duckdb/dialect.ts",
    find: "WHERE ${between} AND t.id = s.id)\nGROUP BY id`",
    replace: "WHERE ${between} AND t.id = s.id)\nGROUP BY id, _seq`",
    caughtBy: onSql(contract, "takes each event once"),
  },
  {
    name: "an older profile overwrites a newer (PostgreSQL)",
    file: "lib/destinations/postgres/dialect.ts",
    find: ' WHERE t."_seq" < EXCLUDED."_seq"',
    replace: "",
    caughtBy: onSql(contract, "keeps of each profile"),
  },
  {
    name: "an older profile overwrites a newer (DuckDB)",
    file: "lib/destinations/duckdb/dialect.ts",
    find: "WHERE t._seq IS NULL OR t._seq < b._seq`",
    replace: "`",
    caughtBy: onSql(contract, "keeps of each profile"),
  },
  {
    name: "staged rows are not counted (PostgreSQL)",
    file: "lib/destinations/postgres/staging.ts",
    find: 'if (Number(found?.["rows"]) === expected) return;',
    replace: 'if (Number(found?.["rows"]) >= 0) return;',
    caughtBy: onSql(faults, "leaves no receipt for a batch that lost rows"),
  },
  {
    name: "receipts of another sync count as ours",
    file: receipts,
    find: 'const mine = "log_id = $1 AND target_table = $2 AND sync_id = $3";',
    replace: 'const mine = "log_id = $1 AND target_table = $2 AND sync_id >= left($3, 0)";',
    caughtBy: onSql(contract, "tells the receipts of one sync from those of another"),
  },
  {
    name: "a batch of which a part is in is merged whole",
    file: "lib/destinations/earlier-receipt.ts",
    find: 'throw new SyncError("CONFLICT"',
    replace: 'if (batch.files.length > 1e9) throw new SyncError("CONFLICT"',
    caughtBy: onSql(contract, "refuses a batch of which a part"),
  },
  {
    name: "secrets stay in the vendor's words",
    file: "lib/destinations/redact.ts",
    find: 'rest.replaceAll(secret, "***")',
    replace: "rest",
    caughtBy: { files: ["test/destinations/identifiers.test.ts"], tests: "a redacted text holds no secret" },
  },
  {
    name: "a connection after close leaks",
    file: flow,
    find: "return await underLease(",
    replace: "return underLease(",
    caughtBy: { files: ["test/sync/sessions.test.ts"], tests: "every session" },
  },
  {
    name: "no read-back by the flow: an acknowledgement moves the watermark",
    file: flow,
    find: "  await readBack(commit, warehouse, batch);\n  return following",
    replace: "  await followReceipts(deps, state, [answer], { lease, also: [forget(commit)] });\n  return following",
    caughtBy: { files: ["test/sync/errors.test.ts"], tests: "that do not show hold the watermark" },
  },
  {
    name: "watermark before the receipt",
    file: flow,
    find: "  const warehouse = await commit.warehouse();\n  const answer =",
    replace:
      "  await recordSkip(deps, state, { first: batch.batch.first, last: batch.batch.last }, { lease });\n  const warehouse = await commit.warehouse();\n  const answer =",
    caughtBy: { files: ["test/sync/kill.test.ts", "test/sync/soak.test.ts"], tests: "(killed at any effect|memory)" },
  },
  {
    name: "clock as watermark: what was committed by now is taken to be all there is",
    file: watermark,
    find: "        watermark: latest.last,",
    replace: "        watermark: { seq: latest.last.seq, file: 1_000_000 },",
    caughtBy: { files: ["test/sync/kill.test.ts", "test/sync/soak.test.ts"], tests: "(killed at any effect|memory)" },
  },
  {
    name: "the clock says which entries are new",
    file: "lib/flows/sync/list-log.ts",
    find: "      if (entry.seq === sync.watermark.seq && entry.files <= sync.watermark.file) continue;",
    replace: "      if (entry.publishedAt < (sync.lastSyncedAt ?? 0)) continue;",
    caughtBy: { files: ["test/sync/soak.test.ts", "test/sync/chaos.test.ts"], tests: "(memory|arrives once)" },
  },
  {
    name: "what was sent is not written down before",
    file: "lib/flows/sync/plan-run.ts",
    find: "  return outstanding?.syncId === sync.id;",
    replace: '  return outstanding === undefined && sync.mode === ("never" as string);',
    caughtBy: { files: ["test/sync/kill.test.ts", "test/sync/soak.test.ts"], tests: "(killed at any effect|memory)" },
  },
  {
    name: "every writer has the same fence",
    file: "lib/flows/sync/commit-lease.ts",
    find: "  return connection.fenceBase + lease.fence;",
    replace: "  return connection.fenceBase + Math.sign(lease.fence);",
    caughtBy: { files: ["test/sync/soak.test.ts"], tests: "memory" },
  },
  {
    name: "receipts that are gone go unnoticed",
    file: "lib/flows/sync/plan-run.ts",
    find: "  if (await warehouse.hasReceipt(sync.id, sync.object, position)) return;",
    replace: "  if (await warehouse.hasReceipt(sync.id, sync.object, position).then(() => true)) return;",
    caughtBy: { files: ["test/sync/real-warehouses.test.ts"], tests: "(duckdb|postgres).*receipts are lost" },
  },
  {
    name: "the selection of the moment instead of the plan's",
    file: "lib/flows/sync/open-staging.ts",
    find: "...encodeRequest(plan, number,",
    replace: "...encodeRequest({ ...plan, metrics: scope.connection.selection.metrics }, number,",
    caughtBy: { files: ["test/sync/real-warehouses.test.ts"], tests: "(duckdb|postgres).*selection that changes" },
  },
  {
    name: "the dialler resolves a second time",
    file: "lib/platform/network/dial.ts",
    find: "connectToFirst(addresses, {",
    replace: "connectToFirst(isIP(name) === 0 ? await resolve(lookup, name) : addresses, {",
    caughtBy: { files: ["test/destinations/dial.test.ts"], tests: "." },
  },
  {
    name: "one good address lets a bad one through",
    file: "lib/platform/network/dial.ts",
    find: "addresses.find((address) => !isAllowed(address))",
    replace: "addresses.every((address) => !isAllowed(address)) ? addresses[0] : undefined",
    caughtBy: { files: ["test/destinations/dial.test.ts"], tests: "one address of many is private" },
  },
];
