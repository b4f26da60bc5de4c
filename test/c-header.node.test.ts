// The C header: compiled strictly, as C99 and as C++, without floating point, and run on real rows. Every prediction and every score is that of the reference
// in JavaScript, integer for integer; those are as near to the float64 model as the header says.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auto, createEngine, type NewtonReport } from "../bindings/index.js";
import { type CHeaderOptions, type Codes, type LinearModel, quantizedModel, toCHeader } from "../bindings/io/index.js";
import { anyModel, type ModelChoice, marginsOf, placesOf } from "./support/models.js";
import { Dice } from "./support/random.js";

const hasCompiler = ["gcc", "g++"].every((name) => spawnSync(name, ["--version"]).status === 0);
if (!hasCompiler) console.log("skipped: gcc or g++ is absent");

const folder = mkdtempSync(join(tmpdir(), "bitcenter-c-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const STRICT = ["-Wall", "-Wextra", "-Werror", "-pedantic"];
const C99 = ["gcc", ...STRICT, "-std=c99", "-Wconversion", "-Wstrict-prototypes"];
const CXX = ["g++", ...STRICT, "-x", "c++", "-std=c++11"];
/** Overflow of any kind ends the program. */
const SANITIZED = ["-O1", "-fsanitize=undefined,address", "-fno-sanitize-recover=all"];

let files = 0;

/** Compiles `main` with headers beside it, named by their place, as all it includes but the standard library, and returns the program. */
function compile(headers: readonly string[], main: string, command: readonly string[]): string {
  const name = join(folder, `m${files++}`);
  headers.forEach((header, i) => {
    writeFileSync(`${name}.${i}.h`, header);
  });
  writeFileSync(
    `${name}.c`,
    main.replace(/#include (\d+)/g, (_, i: string) => `#include "${name}.${i}.h"`),
  );
  const [compiler, ...flags] = command;
  const { status, stderr } = spawnSync(compiler as string, [...flags, "-o", name, `${name}.c`], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
  return name;
}

/**
 * Reads rows of codes for the header with the place in argv[1] from stdin; for each the prediction as int32 and the scores as int64 go to stdout.
 * The headers are named m0, m1, …
 */
function mainFor(count: number): string {
  const places = Array.from({ length: count }, (_, i) => i);
  const run = (i: number): string => `static void run${i}(void) {
  m${i}_code codes[M${i}_COLS];
  while (fread(codes, sizeof codes, 1, stdin) == 1) {
    int32_t k, place = m${i}_predict(codes);
    fwrite(&place, sizeof place, 1, stdout);
    for (k = 0; k < M${i}_OUTPUTS; k++) {
      int64_t score = m${i}_score(codes, k);
      fwrite(&score, sizeof score, 1, stdout);
    }
  }
}
`;
  return `${places.map((i) => `#include ${i}\n`).join("")}#include <stdio.h>
#include <stdlib.h>
${places.map(run).join("")}
int main(int count, char **words) {
  switch (count > 1 ? atoi(words[1]) : 0) {
${places.map((i) => `    case ${i}: run${i}(); break;\n`).join("")}    default: return 1;
  }
  return 0;
}
`;
}

const headersOf = (list: readonly Case[]): string[] =>
  list.map(({ model, options }, i) => toCHeader(model, { ...options, name: `m${i}` }));

const bytesOf = (codes: Codes): Uint8Array => new Uint8Array(codes.buffer, codes.byteOffset, codes.byteLength);

/** What a program answers: predictions and scores. */
function answers(
  program: string,
  place: number,
  codes: Codes,
  outputs: number,
): { places: number[]; scores: bigint[] } {
  const printed = execFileSync(program, [String(place)], { input: bytesOf(codes), maxBuffer: 1 << 28 });
  const view = new DataView(printed.buffer, printed.byteOffset, printed.byteLength);
  const [places, scores]: [number[], bigint[]] = [[], []];
  for (let at = 0; at < printed.length; at += 4 + 8 * outputs) {
    places.push(view.getInt32(at, true));
    for (let k = 0; k < outputs; k++) scores.push(view.getBigInt64(at + 4 + 8 * k, true));
  }
  return { places, scores };
}

/** Rows at the ends of the code type, then random ones. */
function hardCodes(
  dice: Dice,
  type: "int8" | "uint8" | "int16",
  weights: ArrayLike<number>,
  cols: number,
  rows: number,
): Codes {
  const [low, high] = { int8: [-128, 127], uint8: [0, 255], int16: [-32768, 32767] }[type] as [number, number];
  const codes = new { int8: Int8Array, uint8: Uint8Array, int16: Int16Array }[type](rows * cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const sign = (weights[j] as number) >= 0 ? 1 : -1;
      const ends = [low, high, sign > 0 ? high : low, sign > 0 ? low : high, dice.below(2) ? low : high];
      codes[i * cols + j] = i < ends.length ? (ends[i] as number) : dice.between(low, high);
    }
  }
  return codes;
}

interface Case {
  readonly name: string;
  readonly model: LinearModel;
  readonly options: CHeaderOptions;
}

const normal = (dice: Dice): number => dice.normal();
const sampleOf = (dice: Dice, cols: number, rows = 50) =>
  Array.from({ length: rows }, () => Array.from({ length: cols }, (_, j) => 100 * j + (j + 1) * dice.normal()));

function cases(): Case[] {
  const dice = new Dice(77);
  const make = (choice: ModelChoice): LinearModel => anyModel(dice, { float: normal, ...choice });
  const list: Case[] = [];
  for (const codes of ["int8", "uint8", "int16"] as const) {
    for (const weightBits of [8, 16] as const) {
      for (const [name, choice] of Object.entries({
        "two classes": { estimator: "LinearSVC", classes: [-7, 9], cols: 33 },
        "softmax, names": { loss: "softmax", classes: ['a"??/\\\n', "b*/", "ünï日"], cols: 20 },
        "many classes": { loss: "logistic", classes: Array.from({ length: 40 }, (_, k) => 3 * k), cols: 130 },
        regression: { estimator: "LinearRegression", cols: 9 },
      } as Record<string, ModelChoice>)) {
        const model = make({ estimator: "LogisticRegression", ...choice });
        const sample = sampleOf(dice, model.cols);
        list.push({ name: `${name}, ${codes}, ${weightBits} bits`, model, options: { codes, weightBits, sample } });
      }
    }
  }
  const scale = { inputScale: 1 / 255, codes: "uint8" } as const;
  const wide = make({ loss: "softmax", estimator: "LogisticRegression", classes: [0, 1, 2], cols: 5000 });
  const two = make({ estimator: "LinearSVC", classes: [0, 1], cols: 6 });
  const real = make({ estimator: "LinearRegression", cols: 3 });
  const three = make({ estimator: "LogisticRegression", loss: "softmax", classes: [0.5, 1.5, 2.5], cols: 4 });
  const times = (model: LinearModel, by: number): LinearModel => ({
    ...model,
    coef: model.coef.map((x) => x * by),
    intercept: model.intercept.map((x) => x * by),
  });
  const only = (model: LinearModel, coef: number, intercept: number): LinearModel => ({
    ...model,
    coef: model.coef.map(() => coef),
    intercept: model.intercept.map(() => intercept),
  });
  list.push(
    {
      name: "5000 columns of int16 with 16 bits",
      model: wide,
      options: { codes: "int16", weightBits: 16, inputScale: 1 },
    },
    {
      name: "an intercept that drowns the weights",
      model: { ...two, intercept: Float64Array.of(1e12) },
      options: scale,
    },
    {
      name: "an intercept that drowns them, below",
      model: { ...two, intercept: Float64Array.of(-1e12) },
      options: scale,
    },
    { name: "no weights", model: only(two, 0, -3), options: scale },
    { name: "nothing at all", model: only(two, 0, 0), options: scale },
    { name: "a regression of nothing", model: only(real, 0, 0), options: scale },
    { name: "tiny", model: times(real, 1e-200), options: scale },
    { name: "subnormal", model: times(real, 1e-310), options: scale },
    { name: "huge", model: times(real, 1e200), options: scale },
    {
      name: "outputs of unlike size",
      model: { ...three, coef: three.coef.map((x, i) => x * [1, 1e-5, 1e-12][Math.floor(i / 4)]!) },
      options: { codes: "int16", inputScale: [1, 2, 3, 4], inputOffset: [0, -5, 1e6, 0] },
    },
    {
      name: "ranges, one of them a point",
      model: three,
      options: { ranges: { min: [-1, 0, 1e6, 5], max: [1, 1e-3, 1e6 + 1, 5] }, weightBits: 16 },
    },
  );
  return list;
}

describe.skipIf(!hasCompiler)("the header", () => {
  const all = cases().map((one, place) => ({ ...one, place }));
  const headers = headersOf(all);
  const main = mainFor(all.length);
  let sanitized = "";
  beforeAll(() => {
    sanitized = compile(headers, main, [...C99, ...SANITIZED]);
  });

  it.each(all)("$name: C agrees with JavaScript in every integer", ({ model, options, place }) => {
    const quantized = quantizedModel(model, options);
    const { cols, outputs } = quantized;
    const dice = new Dice(1);
    for (let k = 0; k < Math.min(outputs, 3); k++) {
      const codes = hardCodes(dice, quantized.codes, quantized.weights.subarray(k * cols, (k + 1) * cols), cols, 200);
      const { places, scores } = answers(sanitized, place, codes, outputs);
      expect(places).toEqual([...quantized.predict(codes)]);
      expect(scores).toEqual([...quantized.scores(codes)]);
    }
  });

  it.each([CXX, [...C99, "-O0"], [...C99, "-O3"]].map((command) => ({ command, words: command.join(" ") })))(
    "$words",
    ({ command }) => {
      const program = compile(headers, main, command);
      for (const { model, options, place } of all) {
        const codes = hardCodes(new Dice(2), options.codes ?? "int8", [1], model.cols, 20);
        const expected = [...quantizedModel(model, options).predict(codes)];
        expect(answers(program, place, codes, model.intercept.length).places).toEqual(expected);
      }
    },
  );

  it("needs no register for floating point", () => {
    // with this flag a float or double anywhere is an error of the compiler
    const noFloat = [...C99, "-mgeneral-regs-only", "-c"];
    const run = all.map(
      (_, i) =>
        `#include ${i}\nint32_t r${i}(const m${i}_code *c);\nint32_t r${i}(const m${i}_code *c) { return m${i}_predict(c); }\n`,
    );
    compile(headers, run.join(""), noFloat);
    expect(() => compile(headers, run.join("").replace("return", "return (int32_t)(0.5 * c[0]) +"), noFloat)).toThrow();
  });

  it("names classes in C, escapes included, and includes twice", () => {
    const classes = ["", "\u0001\u007f7", '%s "??=" \\n', "a\nb", "ünï 日本語 😀", "z*/"];
    const model = anyModel(new Dice(4), {
      estimator: "LinearSVC",
      cols: 2,
      float: normal,
      classes: classes.toSorted(),
    });
    const header = toCHeader(model, { inputScale: 1, name: "My_2nd" });
    const main = `#include 0\n#include 0\n#include <stdio.h>
int main(void) { int32_t k; for (k = -1; k <= MY_2ND_CLASSES; k++) printf("%s%c", My_2nd_class_name(k), 0); return 0; }\n`;
    const printed = execFileSync(compile([header], main, C99), { encoding: "utf8" });
    expect(printed.split("\0").slice(1, -2)).toEqual(classes.toSorted());
    const numbers = anyModel(new Dice(4), {
      estimator: "LinearSVC",
      cols: 2,
      float: normal,
      classes: [-(2 ** 31), 7, 2 ** 31 - 1],
    });
    const list = `#include 0\n#include <stdio.h>
int main(void) { int32_t k; for (k = -1; k < 4; k++) printf("%ld %s,", (long)model_class(k), model_class_name(k)); return 0; }\n`;
    expect(execFileSync(compile([toCHeader(numbers, { inputScale: 1 })], list, C99), { encoding: "utf8" })).toBe(
      "0 ,-2147483648 -2147483648,7 7,2147483647 2147483647,0 ,",
    );
  });

  it("has the scales of the inputs for whoever asks", () => {
    const model = anyModel(new Dice(5), { estimator: "LinearRegression", cols: 30, float: normal });
    const options = { sample: sampleOf(new Dice(6), 30) };
    const main = `#include 0\n#include <stdio.h>
static const double scales[MODEL_COLS] = MODEL_INPUT_SCALES;
static const double offsets[MODEL_COLS] = MODEL_INPUT_OFFSETS;
int main(void) { int j; for (j = 0; j < MODEL_COLS; j++) printf("%.17g %.17g\\n", scales[j], offsets[j]); return 0; }\n`;
    const printed = execFileSync(compile([toCHeader(model, options)], main, C99), { encoding: "utf8" });
    const { inputScale, inputOffset } = quantizedModel(model, options);
    const numbers = printed.trim().split(/\s+/).map(Number);
    expect(numbers).toEqual(Array.from(inputScale, (x, j) => [x, inputOffset[j]]).flat());
  });

  it("a changed header is found", () => {
    const dice = new Dice(9);
    const make = (choice: ModelChoice): Case => ({
      name: "",
      model: anyModel(dice, { cols: 8, float: normal, ...choice }),
      options: { inputScale: 1 },
    });
    const two = make({ estimator: "LinearSVC", classes: [0, 1] });
    const names = make({ estimator: "LogisticRegression", loss: "softmax", classes: ["a", "b", "c"] });
    const real = make({ estimator: "LinearRegression" });
    const mutants: readonly [Case, string | RegExp, string][] = [
      [names, /(weights\[\d+\] = \{\s*)-?\d+/, "$1 0"],
      [names, /(bias\[\d+\] = \{\s*-?)(\d+)/, "$11"],
      [names, /(multiplier\[\d+\] = \{\s*)(\d+)/, "$11"],
      [names, "k = 1; k < 3", "k = 2; k < 3"],
      [names, "if (score > best)", "if (score < best)"],
      [names, /for \(j = 0; j < (\d+)/, "for (j = 1; j < $1"],
      [names, "int8_t m0_code", "uint8_t m0_code"],
      [two, "> 0 ? 1 : 0", "> 0 ? 0 : 1"],
      [real, /\(score \+ \d+\)/, "(score)"],
      [real, /: -\(\(/, ": ((0-"],
    ];
    for (const [{ model, options }, from, to] of mutants) {
      const quantized = quantizedModel(model, options);
      const codes = hardCodes(new Dice(3), "int8", quantized.weights, model.cols, 500);
      const header = toCHeader(model, { ...options, name: "m0" });
      const changed = header.replace(from, to);
      expect(changed, String(from)).not.toBe(header);
      const { places, scores } = answers(compile([changed], mainFor(1), C99), 0, codes, quantized.outputs);
      const isSame =
        places.every((place, i) => place === quantized.predict(codes)[i]) &&
        scores.every((score, i) => score === quantized.scores(codes)[i]);
      expect(isSame, `${from}`).toBe(false);
    }
  });

  it("predicts digits as the float64 model does", () => {
    const { data, labels, rows, cols } = digits(1000, 9);
    const model = train(data, labels, rows, cols);
    const test = digits(1000, 10);
    const truth = placesOf(marginsOf(model, test.data, test.rows), 10);
    for (const [weightBits, least] of [
      [8, 0.99],
      [16, 0.999],
    ] as const) {
      // pixels are codes already
      const options = { codes: "uint8", inputScale: 1, weightBits, sample: { data, rows, cols } } as const;
      const quantized = quantizedModel(model, options);
      const program = compile([toCHeader(model, { ...options, name: "m0" })], mainFor(1), [...C99, "-O2"]);
      const { places } = answers(program, 0, test.data, 10);
      expect(places).toEqual([...quantized.predict(test.data)]);
      const agreed = places.filter((place, i) => place === truth[i]).length / test.rows;
      expect(agreed).toBeGreaterThanOrEqual(least);
      expect(quantized.agreement?.labels).toBeGreaterThanOrEqual(least);
      expect(quantized.evaluate({ data: test.data, rows: test.rows, cols }).labels).toBe(agreed);
    }
  });
});

/** Blurred random strokes, one shape per class, moved and with noise: 8 × 8 pixels from 0 to 16. */
function digits(rows: number, seed: number): { data: Uint8Array; labels: Float64Array; rows: number; cols: number } {
  const [shapes, dice] = [new Dice(1234), new Dice(seed)];
  const strokes = Array.from({ length: 10 }, () =>
    Array.from({ length: 3 }, () => [1.5 + 5 * shapes.uniform(), 1.5 + 5 * shapes.uniform()] as const),
  );
  const data = new Uint8Array(rows * 64);
  const labels = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const label = i % 10;
    labels[i] = label;
    const [dx, dy] = [0.7 * dice.normal(), 0.7 * dice.normal()];
    for (let p = 0; p < 64; p++) {
      let ink = 1.5 * dice.normal();
      for (const [x, y] of strokes[label] as (readonly [number, number])[]) {
        const [a, b] = [(p % 8) - x - dx, Math.floor(p / 8) - y - dy];
        ink += 20 * Math.exp(-(a * a + b * b) / 2);
      }
      data[64 * i + p] = Math.min(16, Math.max(0, Math.round(ink)));
    }
  }
  return { data, labels, rows, cols: 64 };
}

function train(data: Uint8Array, labels: Float64Array, rows: number, cols: number): LinearModel {
  const engine = createEngine();
  try {
    const problem = engine.problem(engine.dataset({ data, rows, cols }, labels), { loss: "softmax", l2: 1e-3 });
    let last: NewtonReport | undefined;
    for (const step of auto(problem, {})) last = step;
    const { coef, intercept } = last as NewtonReport;
    const classes = Array.from({ length: 10 }, (_, k) => k);
    return { estimator: "LogisticRegression", loss: "softmax", classes, cols, coef, intercept, featureNames: null };
  } finally {
    engine.dispose();
  }
}

describe("the integer model", () => {
  it("has margins within the bound it states, for any codes", () => {
    for (const { model, options } of cases()) {
      const quantized = quantizedModel(model, options);
      const { cols, outputs, inputScale, inputOffset, marginError } = quantized;
      const rows = cols > 1000 ? 10 : 60;
      for (let k = 0; k < Math.min(outputs, 3); k++) {
        const codes = hardCodes(new Dice(8), quantized.codes, quantized.weights.subarray(k * cols), cols, rows);
        const values = Float64Array.from(
          codes,
          (code, at) => (inputScale[at % cols] as number) * code + (inputOffset[at % cols] as number),
        );
        const exact = marginsOf(model, values, rows);
        const scores = quantized.scores(codes);
        for (let i = 0; i < rows; i++) {
          const at = i * outputs + k;
          let size = Math.abs(model.intercept[k] as number);
          for (let j = 0; j < cols; j++) {
            const reach = Math.abs((inputScale[j] as number) * 32768) + Math.abs(inputOffset[j] as number);
            size += Math.abs(model.coef[k * cols + j] as number) * reach;
          }
          const off = Math.abs(quantized.marginOf(scores[at] as bigint) - (exact[at] as number));
          // the rounding of float64 in both ways of adding up, and in what is below the least scale
          expect(off).toBeLessThanOrEqual((marginError[k] as number) + 2 ** -50 * cols * size + 2 ** -900);
        }
      }
    }
  });

  it("has sums that reach the stated bound and no further", () => {
    for (const { model, options } of cases()) {
      const { weights, bias, largestSum, codes, cols, outputs, multiplier } = quantizedModel(model, options);
      const most = { int8: 128, uint8: 255, int16: 32768 }[codes];
      for (let k = 0; k < outputs; k++) {
        let sum = BigInt(Math.abs(bias[k] as number));
        for (let j = 0; j < cols; j++) sum += BigInt(Math.abs(weights[k * cols + j] as number) * most);
        expect(sum).toBe(BigInt(largestSum[k] as number));
        expect(sum <= 2n ** 31n - 1n).toBe(true);
        expect(multiplier[k]).toBeGreaterThanOrEqual(0);
      }
      expect(Math.max(...multiplier)).toBeGreaterThanOrEqual(2 ** 30);
    }
  });

  it("uses all of its bits where the sums have room", () => {
    const model = anyModel(new Dice(1), { estimator: "LinearSVC", classes: [0, 1], cols: 50, float: normal });
    for (const [codes, weightBits, least] of [
      ["int8", 8, 127],
      ["uint8", 16, 32767],
      ["int16", 8, 127],
    ] as const) {
      const { weights } = quantizedModel(model, { codes, weightBits, inputScale: 0.01 });
      expect(Math.max(...Array.from(weights, Math.abs))).toBe(least);
    }
  });

  it("encodes values to the nearest code, and those outside to the last one", () => {
    const model = anyModel(new Dice(1), { estimator: "LinearSVC", classes: [0, 1], cols: 2, float: normal });
    const options = { ranges: { min: [0, -1], max: [255, 1] } };
    expect([...quantizedModel(model, { ranges: { min: -1, max: 1 } }).encode([[-1, 1]])]).toEqual([-128, 127]);
    expect([
      ...quantizedModel(model, { ...options, codes: "uint8" }).encode([
        [3.4, 0],
        [300, -9],
        [-1, 1],
      ]),
    ]).toEqual([3, 128, 255, 0, 0, 255]);
    expect([
      ...quantizedModel(model, options).encode([
        [0, -1],
        [255, 1],
      ]),
    ]).toEqual([-128, -128, 127, 127]);
    const counts = quantizedModel(model, { codes: "int16", inputScale: [0.5, 2], inputOffset: 10 });
    expect([
      ...counts.encode([
        [10.5, 10],
        [-1e9, 15.1],
      ]),
    ]).toEqual([1, 0, -32768, 3]);
  });

  const model = anyModel(new Dice(1), { estimator: "LinearSVC", classes: ["a", "b"], cols: 2, float: normal });
  it.each<[object, string, RegExp]>([
    [{}, "BAD_OPTION", /what the input codes stand for must be given: inputScale/],
    [{ inputScale: 0 }, "BAD_OPTION", /inputScale must be a finite number > 0, given 0/],
    [{ inputScale: [1] }, "BAD_OPTION", /inputScale has 1 numbers for 2 columns/],
    [{ inputScale: [1, -1] }, "BAD_OPTION", /inputScale\[1\] must be/],
    [{ inputOffset: 1 }, "BAD_OPTION", /inputOffset needs inputScale/],
    [{ inputScale: 1, ranges: { min: [0, 0], max: [1, 1] } }, "BAD_OPTION", /not both/],
    [{ ranges: { min: [0, 2], max: [1, 1] } }, "BAD_OPTION", /ranges of column 1 go from 2 down to 1/],
    [{ ranges: { min: [0], max: [1, 1] } }, "BAD_OPTION", /ranges.min has 1 numbers for 2 columns/],
    [{ ranges: { min: 0, max: Number.NaN } }, "BAD_OPTION", /ranges.max must be a finite number, given NaN/],
    [{ ranges: { min: 0 } }, "BAD_OPTION", /ranges.max must be a finite number/],
    [{ inputScale: 1, weightBits: 4 }, "BAD_OPTION", /weightBits must be 8 or 16, given 4/],
    [{ inputScale: 1, codes: "int32" }, "BAD_OPTION", /codes must be "int8" or "uint8" or "int16"/],
    [{ inputScale: 1, name: "1st" }, "BAD_OPTION", /name must be a letter/],
    [{ inputScale: 1, name: "a-b" }, "BAD_OPTION", /given "a-b"/],
    [{ inputScale: 1, scale: 2 }, "BAD_OPTION", /unknown option "scale"/],
    [{ sample: [[1, 2, 3]] }, "BAD_SHAPE", /rows have 3 columns, the model 2/],
    [{ sample: [[1, Number.NaN]] }, "BAD_VALUE", /row 0, column 1: expected a finite number/],
    [{ inputScale: 1e308, inputOffset: 1e308 }, "BAD_VALUE", /overflow float64/],
  ])("refuses %j", (options, code, sentence) => {
    expect(() => toCHeader(model, options)).toThrow(sentence);
    expect(() => toCHeader(model, options)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(/^toCHeader: /) }),
    );
  });

  it("refuses codes of another type, half rows and classes that C has no string for", () => {
    const quantized = quantizedModel(model, { inputScale: 1 });
    expect(() => quantized.predict(new Uint8Array(2))).toThrow(/codes must be int8, given Uint8Array\(2\)/);
    expect(() => quantized.predict(new Int8Array(3))).toThrow(/3 codes are no rows of 2 columns/);
    for (const name of ["z\0", "z\ud800", "z".repeat(5000)]) {
      expect(() => toCHeader({ ...model, classes: ["a", name] }, { inputScale: 1 })).toThrow(/cannot be a C string/);
    }
  });
});
