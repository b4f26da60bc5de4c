import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";

// The suites that need no Node, in headless Chromium. *.node.test.ts run in Node only; test/browser/*.test.ts here only.
// Nothing is downloaded: BITCENTER_CHROMIUM names the browser, or one of the usual places holds it.
const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executablePath = process.env["BITCENTER_CHROMIUM"] ?? places.find((path) => existsSync(path));
if (executablePath === undefined) {
  throw new Error(`No Chromium at ${places.join(", ")}: install one, or name it in BITCENTER_CHROMIUM.`);
}

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  // Known from the start, so that the page is not reloaded halfway when the first import is met.
  optimizeDeps: { include: ["@assemblyscript/loader"] },
  test: {
    include: ["test/**/*.test.ts"],
    // mutants judge the tests, damaged files and decimals the readers: the same everywhere
    exclude: ["test/**/*.node.test.ts", "test/mutants.test.ts", "test/fuzz-readers.test.ts", "test/decimal.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: {
          executablePath,
          args: [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
          ],
        },
      }),
      instances: [{ browser: "chromium" }],
    },
  },
});
