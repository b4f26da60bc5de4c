import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decode } from "../bindings/engine/load.js";
import { baselineSha256, baselineText, relaxedSha256, relaxedText } from "../bindings/engine/wasm.js";

/** Exports of the relaxed module that the baseline does not have. Keep it empty as long as possible. */
const RELAXED_ONLY: readonly string[] = [];

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "bitcenter-build-"));
const modules = [
  { name: "kernels", text: baselineText, sha256: baselineSha256 },
  { name: "kernels.relaxed", text: relaxedText, sha256: relaxedSha256 },
];

/** Export names from the text form, since an engine without relaxed SIMD cannot compile the second module. */
const exportsOf = (wat: string): string[] =>
  [...wat.matchAll(/^ \(export "([^"]+)"/gm)].map((match) => match[1] ?? "").sort();

const wats = new Map<string, string>();

beforeAll(() => {
  execFileSync(process.execPath, ["scripts/build.mjs", "--wasm-only", folder], { cwd: root, stdio: "pipe" });
  for (const { name } of modules) wats.set(name, readFileSync(join(folder, `${name}.wat`), "utf8"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(modules)("$name", ({ name, text, sha256 }) => {
  const embedded = decode(text);
  const wat = (): string => wats.get(name) ?? "";

  test("a second compilation gives the bytes that are embedded and shipped", () => {
    expect(readFileSync(join(folder, `${name}.wasm`)).equals(embedded)).toBe(true);
    expect(readFileSync(join(root, "dist", `${name}.wasm`)).equals(embedded)).toBe(true);
    expect(createHash("sha256").update(embedded).digest("hex")).toBe(sha256);
  });

  test("imports nothing", () => {
    expect(wat()).toContain("(module");
    expect(wat()).not.toMatch(/^ \(import /m);
    if (WebAssembly.validate(embedded)) {
      expect(WebAssembly.Module.imports(new WebAssembly.Module(embedded))).toEqual([]);
    }
  });

  test("exports its memory, which may grow to 4 GiB", () => {
    expect(exportsOf(wat())).toContain("memory");
    expect(wat()).toMatch(/^ \(memory \$0 \d+ 65536\)$/m);
  });
});

test("the baseline module has no relaxed opcode and runs wherever SIMD128 does", () => {
  expect(wats.get("kernels")).not.toContain("relaxed");
  expect(WebAssembly.validate(decode(baselineText))).toBe(true);
});

test("both modules export the same names", () => {
  const relaxed = exportsOf(wats.get("kernels.relaxed") ?? "");
  const baseline = exportsOf(wats.get("kernels") ?? "");
  expect(relaxed.filter((name) => !RELAXED_ONLY.includes(name))).toEqual(baseline);
  expect(relaxed).toEqual(expect.arrayContaining([...RELAXED_ONLY]));
});
