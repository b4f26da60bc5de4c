// Every snippet of the README and the docs runs as it stands, against the built package: JavaScript as a module, and what a shell is told to do with `bitcenter`. Those of a page
// run one after the other in one folder, so that one may make the files that the next one reads. Links between files lead somewhere.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name))
    .sort(),
];
const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  exports: Record<string, { default?: string }>;
};
/** bitcenter, bitcenter/io …: where a snippet finds them. */
const entries = Object.fromEntries(
  Object.entries(exports).map(([name, target]) => [
    name.replace(/^\./, "bitcenter"),
    pathToFileURL(join(root, target.default ?? "")).href,
  ]),
);

interface Snippet {
  readonly language: string;
  readonly source: string;
}

/** JavaScript, and lines that call `bitcenter` alone, be they marked as a shell's or not at all: what is only to be read (a synopsis) is marked as text. */
function snippetsOf(text: string): Snippet[] {
  const all = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(
    (match): Snippet => ({ language: match[1] || "sh", source: match[2] as string }),
  );
  return all.filter(
    ({ language, source }) =>
      language === "js" ||
      (language === "sh" &&
        source
          .trim()
          .split("\n")
          .every((line) => line.startsWith("bitcenter "))),
  );
}

/** LIBSVM rows of three columns of 0 and 1, gzipped: stand-ins for the files that a page names without making them. */
function adults(rows: number): Uint8Array {
  const line = (i: number): string => {
    const columns = [1, 2, 3].filter((j) => (i >> (j - 1)) % 2 === 1 || i % 7 === j);
    return [i % 5 < 2 ? "+1" : "-1", ...columns.map((j) => `${j}:1`)].join(" ");
  };
  return gzipSync(`${Array.from({ length: rows }, (_, i) => line(i)).join("\n")}\n`);
}

function run({ language, source }: Snippet, folder: string): string {
  const env = { ...process.env, PATH: `${join(folder, "bin")}${delimiter}${process.env["PATH"]}` };
  if (language === "sh") return execFileSync("sh", ["-e", "-c", source], { encoding: "utf8", cwd: folder, env });
  const file = join(folder, "snippet.mjs");
  writeFileSync(
    file,
    source.replace(/from "(bitcenter[^"]*)"/g, (_, name: string) => `from "${entries[name]}"`),
  );
  return execFileSync(process.execPath, [file], { encoding: "utf8", cwd: folder });
}

describe.each(pages)("%s", (page) => {
  const text = readFileSync(join(root, page), "utf8");
  const snippets = snippetsOf(text);

  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "bitcenter-docs-"));
    const command = join(folder, "bin/bitcenter");
    mkdirSync(dirname(command));
    writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${join(root, "dist/cli/main.js")}" "$@"\n`);
    chmodSync(command, 0o755);
    writeFileSync(join(folder, "a9a.gz"), adults(200));
    writeFileSync(join(folder, "a9a.t.gz"), adults(60));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(snippets)("snippet %# ($language)", (snippet) => {
    expect(run(snippet, folder)).not.toMatch(/NaN|undefined/);
  });

  it("links to files that exist", () => {
    const targets = [...text.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map((match) => match[1] as string);
    const missing = targets.filter((target) => !existsSync(join(root, dirname(page), target)));
    expect(missing, `in ${relative(root, join(root, page))}`).toEqual([]);
  });
});
