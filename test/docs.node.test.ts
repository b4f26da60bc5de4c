// Every JavaScript snippet of the README and the docs runs as it stands, against the built package; links between files lead somewhere.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
];
const entries: Record<string, string> = {
  bitcenter: pathToFileURL(join(root, "dist/index.js")).href,
  "bitcenter/io": pathToFileURL(join(root, "dist/io/index.js")).href,
  "bitcenter/node": pathToFileURL(join(root, "dist/node/index.js")).href,
};

describe.each(pages)("%s", (page) => {
  const text = readFileSync(join(root, page), "utf8");

  const snippets = [...text.matchAll(/```js\n([\s\S]*?)```/g)].map((match) => match[1] as string);
  it.each(snippets)("snippet %#", (source) => {
    const folder = mkdtempSync(join(tmpdir(), "bitcenter-docs-"));
    try {
      const file = join(folder, "snippet.mjs");
      writeFileSync(
        file,
        source.replace(/from "(bitcenter[^"]*)"/g, (_, name: string) => `from "${entries[name]}"`),
      );
      const printed = execFileSync(process.execPath, [file], { encoding: "utf8" });
      expect(printed).not.toMatch(/NaN|undefined/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("links to files that exist", () => {
    const targets = [...text.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map((match) => match[1] as string);
    const missing = targets.filter((target) => !existsSync(join(root, dirname(page), target)));
    expect(missing, `in ${relative(root, join(root, page))}`).toEqual([]);
  });
});
