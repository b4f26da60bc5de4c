// docs/api is what the docstrings say: made again, every page is the same.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Every page below `folder`: name → text. */
function pagesOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"));
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

it("the API reference is up to date (npm run docs:api makes it)", () => {
  const out = mkdtempSync(join(tmpdir(), "bitcenter-api-"));
  try {
    execFileSync(process.execPath, [join(root, "node_modules/typedoc/bin/typedoc"), "--out", out], { cwd: root });
    const pages = pagesOf(out);
    expect(Object.keys(pages).length).toBeGreaterThan(2);
    expect(pagesOf(join(root, "docs/api"))).toEqual(pages);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});
