import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Architecture, duckdbLayer } from "../../lib/infra/bundles/duckdb-layer.ts";
import { fetchPackage, lockedPackage } from "../../lib/infra/bundles/locked-packages.ts";
import { librariesLayer, requireDeployable, unzippedBytesMax } from "../../lib/infra/bundles/sizes.ts";
import { tempFolder } from "../support/temp-folder.ts";

const run = promisify(execFile);
/** The package of this machine's own processor is installed, so no registry is asked for it. */
const own: Architecture = process.arch === "arm64" ? "arm64" : "x86_64";

afterEach(() => void vi.unstubAllEnvs());

/** A registry on loopback that has one package, and how often its tarball was fetched. */
async function startRegistry(name: string, version: string, tarball: Uint8Array, integrity: string) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    if (request.url?.endsWith(".tgz") === true) {
      response.end(tarball);
      return;
    }
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}-${version}.tgz`;
    const manifest = { name, version, dist: { tarball: url, integrity } };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ name, "dist-tags": { latest: version }, versions: { [version]: manifest } }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}

/** Lets npm see that registry alone, with a cache of its own. */
function useRegistry(url: string, cache: string): void {
  vi.stubEnv("npm_config_registry", url);
  vi.stubEnv("npm_config_cache", cache);
  vi.stubEnv("npm_config_fetch_retries", "0");
  vi.stubEnv("npm_config_update_notifier", "false");
}

async function packedPackage(folder: string, name: string): Promise<{ tarball: Uint8Array; integrity: string }> {
  mkdirSync(join(folder, "package"));
  writeFileSync(join(folder, "package/package.json"), JSON.stringify({ name, version: "1.0.0" }));
  writeFileSync(join(folder, "package/binding.node"), "native code");
  await run("tar", ["-czf", "package.tgz", "package"], { cwd: folder });
  const tarball = readFileSync(join(folder, "package.tgz"));
  return { tarball, integrity: `sha512-${createHash("sha512").update(tarball).digest("base64")}` };
}

describe("the layer with DuckDB", () => {
  test("is laid out for Node in Lambda, and its binding finds its library beside itself", async () => {
    using cache = tempFolder();

    const folder = await duckdbLayer(own, { cacheFolder: cache.path });

    const modules = join(folder, "nodejs/node_modules");
    const { stdout } = await run(process.execPath, ["--print", `require("@duckdb/node-bindings").library_version()`], {
      env: { NODE_PATH: modules },
      cwd: cache.path,
    });
    expect(stdout).toMatch(/^v\d/);
    const platform = readdirSync(join(modules, "@duckdb")).find((name) => name.includes("linux")) ?? "";
    expect(readFileSync(join(modules, "@duckdb", platform, "duckdb.node")).includes("$ORIGIN")).toBe(true);
  });

  test("is kept: a second time changes nothing and tells nobody", async () => {
    using cache = tempFolder();
    const said: string[] = [];
    const folder = await duckdbLayer(own, { cacheFolder: cache.path, say: (text) => said.push(text) });
    const before = statSync(folder).mtimeMs;
    const times = said.length;

    const again = await duckdbLayer(own, { cacheFolder: cache.path, say: (text) => said.push(text) });

    expect(again).toBe(folder);
    expect(statSync(again).mtimeMs).toBe(before);
    expect([times, said.length]).toEqual([2, 2]);
  });

  test("is never half there: what a killed process left does not count, and goes", async () => {
    using cache = tempFolder();
    const { version } = await lockedPackage("@duckdb/node-bindings");
    const part = join(cache.path, `${version}-${own}.part-killed`);
    mkdirSync(join(part, "nodejs"), { recursive: true });
    utimesSync(part, 0, 0);

    const folder = await duckdbLayer(own, { cacheFolder: cache.path });

    expect(readdirSync(cache.path)).toEqual([`${version}-${own}`]);
    expect(existsSync(join(folder, "nodejs/node_modules/@duckdb/node-bindings/duckdb.js"))).toBe(true);
  });

  test("comes whole to two processes that want it at once", async () => {
    using cache = tempFolder();

    const folders = await Promise.all([1, 2].map(() => duckdbLayer(own, { cacheFolder: cache.path })));

    expect(new Set(folders).size).toBe(1);
    expect(readdirSync(cache.path)).toHaveLength(1);
  });
});

describe("a package of the registry", () => {
  const name = "@acme/binding";

  test("is unpacked where it is what the lock file names", async () => {
    using folder = tempFolder();
    const { tarball, integrity } = await packedPackage(folder.path, name);
    await using registry = await startRegistry(name, "1.0.0", tarball, integrity);
    useRegistry(registry.url, join(folder.path, "cache"));

    await fetchPackage({ name, version: "1.0.0", integrity }, join(folder.path, "out"));

    expect(readFileSync(join(folder.path, "out/binding.node"), "utf8")).toBe("native code");
  });

  test("is refused where the registry has other bytes under the same name, and nothing of it is kept", async () => {
    using folder = tempFolder();
    const { tarball, integrity } = await packedPackage(folder.path, name);
    await using registry = await startRegistry(name, "1.0.0", tarball, integrity);
    useRegistry(registry.url, join(folder.path, "cache"));

    const fetched = fetchPackage({ name, version: "1.0.0", integrity: "sha512-other" }, join(folder.path, "out"));

    await expect(fetched).rejects.toThrow(/@acme\/binding@1\.0\.0 is not what package-lock\.json names/);
    expect(existsSync(join(folder.path, "out"))).toBe(false);
  });

  test("that cannot be reached is a failure that says what to do", async () => {
    using folder = tempFolder();
    useRegistry("http://127.0.0.1:9/", join(folder.path, "cache"));

    const fetched = fetchPackage({ name, version: "1.0.0", integrity: "sha512-x" }, join(folder.path, "out"));

    await expect(fetched).rejects.toThrow(/npm run layer/);
  });

  test("is named by the lock file for processors that this machine has not", async () => {
    const packages = await Promise.all(
      ["arm64", "x64"].map((cpu) => lockedPackage(`@duckdb/node-bindings-linux-${cpu}`)),
    );

    expect(new Set(packages.map(({ version }) => version)).size).toBe(1);
    await expect(lockedPackage("@acme/unknown")).rejects.toThrow(/does not pin @acme\/unknown/);
  });
});

describe("what Lambda takes", () => {
  test("is measured over code and layers together", async () => {
    using folder = tempFolder();
    const [code, layer] = ["code", "layer"].map((name) => join(folder.path, name));
    for (const path of [code, layer]) mkdirSync(path ?? "");
    writeFileSync(join(code ?? "", "index.mjs"), "1");
    await run("truncate", ["--size", String(unzippedBytesMax), join(layer ?? "", "libduckdb.so")]);

    await expect(requireDeployable("writer-x", [layer ?? ""])).resolves.toBeUndefined();
    await expect(requireDeployable("writer-x", [code ?? "", layer ?? ""])).rejects.toThrow(/writer-x and its layers/);
  });

  test("of an operator's libraries lies where the loader looks", async () => {
    using folder = tempFolder();
    mkdirSync(join(folder.path, "mine"));
    writeFileSync(join(folder.path, "mine/libstdc++.so.6"), "x", { mode: 0o600 });

    const layer = await librariesLayer(join(folder.path, "mine"), join(folder.path, "layer"));

    // Readable by a user that does not own it: Lambda's.
    expect(statSync(join(layer, "lib/libstdc++.so.6")).mode & 0o777).toBe(0o644);
    await expect(librariesLayer(join(folder.path, "none"), layer)).rejects.toThrow(/option extraLibraries/);
  });
});
