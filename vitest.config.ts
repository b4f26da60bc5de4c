import { defineConfig } from "vitest/config";

// The Node suite. The same files run in a browser by test/browser/vitest.config.ts, except *.node.test.ts.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/browser/**"],
    pool: "forks",
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Kernels see real sizes, so a worker can hold hundreds of megabytes: two at a time is enough.
    maxWorkers: 2,
  },
});
