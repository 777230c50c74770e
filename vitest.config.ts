import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "lib/destinations/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    pool: "forks",
    // Twice the smallest machine's cores: tests of warehouses and servers wait as much as they compute.
    maxWorkers: 4,
  },
});
