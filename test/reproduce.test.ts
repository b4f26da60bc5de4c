// The data and the report of `npm start`: the same images everywhere, a page that needs nothing from outside.
import { describe, expect, it } from "vitest";
import { compare } from "../reproduce/compare.js";
import { renderDigits } from "../reproduce/digits.js";
import { renderReport } from "../reproduce/report.js";

/** FNV-1a, 32 bits. */
function hash(bytes: Uint8Array): number {
  let state = 0x811c9dc5;
  for (const byte of bytes) state = Math.imul(state ^ byte, 0x01000193);
  return state >>> 0;
}

/** Three classes of images that any linear model can tell apart: a bright block at one of three places. */
function blocks(rows: number): { data: Uint8Array; labels: number[]; rows: number; cols: number } {
  const labels = Array.from({ length: rows }, (_, i) => i % 3);
  const data = new Uint8Array(rows * 784);
  labels.forEach((label, i) => {
    for (let j = 0; j < 40; j++) data[i * 784 + 200 * (label + 1) + j] = 100 + ((i * 37 + j * 11) % 120);
  });
  return { data, labels, rows, cols: 784 };
}

describe("rendered digits", () => {
  const digits = renderDigits(300, 20250);

  it("are the same bytes on every engine", () => {
    expect([hash(digits.data), hash(digits.labels)]).toMatchInlineSnapshot(`
      [
        1026519235,
        1452220918,
      ]
    `);
  });

  it("fewer rows are a prefix of more, another seed draws others", () => {
    const fewer = renderDigits(20, 20250);
    expect(fewer.data).toEqual(digits.data.subarray(0, 20 * 784));
    expect(fewer.labels).toEqual(digits.labels.subarray(0, 20));
    expect(hash(renderDigits(20, 20251).data)).not.toBe(hash(fewer.data));
  });

  it("hold all ten digits, ink on white paper", () => {
    expect(new Set(digits.labels).size).toBe(10);
    for (let row = 0; row < 300; row++) {
      const image = digits.data.subarray(row * 784, (row + 1) * 784);
      const ink = image.filter((pixel) => pixel > 0).length;
      expect(ink).toBeGreaterThan(20);
      expect(ink).toBeLessThan(500);
      expect(Math.max(...image)).toBeGreaterThan(150);
    }
  });
});

describe("report", () => {
  const seen: number[] = [];
  const { task, engine } = compare(
    {
      name: "Blocks & <places>",
      description: "three classes",
      train: blocks(150),
      test: blocks(30),
      loss: "softmax",
      l2: 650,
      l2Scaled: 0.01,
      fitIntercept: true,
      outerSteps: 6,
    },
    0,
    (fraction) => seen.push(fraction),
  );

  it("every solver ran all its steps and the classes were learnt", () => {
    expect(task.solvers.map(({ points }) => points.length)).toEqual(Array(7).fill(7));
    for (const { name, final } of task.solvers.filter(({ family }) => family === "halp" || family === "float")) {
      expect(final.accuracy, name).toBe(1);
    }
    expect(seen.at(-1)).toBe(1);
    expect([...seen].sort((a, b) => a - b)).toEqual(seen);
  });

  it("is one page with its text escaped and nothing to fetch", () => {
    const html = renderReport({
      title: "A & B",
      generated: "2020-01-01T00:00:00.000Z",
      environment: { engine, node: "v0", cpu: "a <cpu>", cores: 2 },
      tasks: [task],
    });
    expect(html).toContain("Blocks &amp; &lt;places&gt;");
    expect(html).not.toContain("<places>");
    expect(html).not.toMatch(/(?:src|href)="(?!data:|#)/);
    expect(html).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
    expect(html).not.toMatch(/NaN|undefined/);
    for (const { name } of task.solvers) expect(html).toContain(name);
  });
});
