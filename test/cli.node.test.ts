// The `bitcenter` command as its users meet it: a process with stdin, stdout, stderr and an exit code; and `run` with a host of the test's own where a terminal or Ctrl-C is needed.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Host } from "../bindings/cli/command.js";
import { run } from "../bindings/cli/run.js";
import { modelToJson } from "../bindings/io/index.js";
import { loadModel } from "../bindings/node/model-file.js";
import { Dice } from "./support/random.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const main = join(root, "dist/cli/main.js");
let folder = "";

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function bitcenter(words: readonly string[], input: string | Uint8Array = ""): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], {
    cwd: folder,
    input,
    encoding: "utf8",
  });
  return { code: status, out: stdout, err: stderr };
}

/** `bitcenter` that must succeed and be silent on stderr. */
function succeed(words: readonly string[], input: string | Uint8Array = ""): string {
  const { code, out, err } = bitcenter(words, input);
  expect(err).toBe("");
  expect(code).toBe(0);
  return out;
}

/** Rows of two columns whose sum tells the class, with noise: CSV and LIBSVM of the same numbers. */
function twoClasses(count: number, seed: number): { csv: string; libsvm: string } {
  const dice = new Dice(seed);
  const next = (): number => dice.uniform();
  const rows = Array.from(
    { length: count },
    () => [Math.round(100 * next()) + 1, Math.round(100 * next()) + 1] as const,
  );
  const labels = rows.map(([a, b]) => (a + b + 30 * next() > 115 ? "yes" : "no"));
  return {
    csv: `a,b,answer\n${rows.map(([a, b], i) => `${a},${b},${labels[i]}`).join("\n")}\n`,
    libsvm: `${rows.map(([a, b], i) => `${labels[i] === "yes" ? 1 : -1} 1:${a} 2:${b}`).join("\n")}\n`,
  };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bitcenter-cli-"));
  const [train, test] = [twoClasses(300, 1), twoClasses(100, 2)];
  const write = (name: string, text: string | Uint8Array): void => writeFileSync(join(folder, name), text);
  write("train.csv", train.csv);
  write("test.csv", test.csv);
  write("train.libsvm", train.libsvm);
  write("test.libsvm.gz", gzipSync(test.libsvm));
  write("line.csv", `x,y\n${Array.from({ length: 50 }, (_, i) => `${i},${3 * i - 7}`).join("\n")}\n`);
  write(
    "colours.csv",
    `size,colour,sold\n${Array.from({ length: 60 }, (_, i) => `${i % 7},${["red", "green", "blue"][i % 3]},${i % 3 === 0 || i % 7 > 4 ? 1 : 0}`).join("\n")}\n`,
  );
  write("not-a-model.json", "{}");
  write("empty", "");
  write("targets.csv", Array.from({ length: 1100 }, (_, i) => `${i},${i / 8}\n`).join(""));
  write("empty.csv", "");
  // as scikit-learn's own files begin: rows, columns and the names of the classes
  const petals = (i: number): string => `${(i % 3) + (i % 5) / 10},${1 + (i % 7) / 10}`;
  const flowers = Array.from({ length: 60 }, (_, i) => `${petals(i)},${i % 3}`).join("\n");
  write("iris.csv", `60,2,setosa\n${flowers}\n`);
  write("wine.csv", `60,2,class_0,class_1\n${flowers}\n`);
  write("gaps.csv", "name,age,city,flag,none\nAnn,31,Rome,1,\nBob,?,Bonn,x,NA\nCyd,40.5,Rome,0,\n");
  write("one.csv", "a,b\n1,x\n2,x\n");
  write("three.csv", "a,b,c\n1,2,3\n");
  write("bad.csv", "a,b,answer\n1,2,yes\n3,x,no\n");
  succeed(["train", "train.csv", "--out", "model.json"]);
  succeed(["train", "train.libsvm", "--out", "numbers.json"]);
  succeed(["train", "line.csv", "--loss", "squared", "--out", "line.json"]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("train", () => {
  it("prints what the contract names as one JSON object, and nothing else", () => {
    const out = succeed(["train", "train.csv", "--test", "test.csv", "--json"]);
    expect(out.trim().split("\n")).toHaveLength(1);
    const facts = JSON.parse(out);
    const names = [
      "objective",
      "gradientNorm",
      "passes",
      "exactPasses",
      "seconds",
      "loadSeconds",
      "rows",
      "cols",
      "bytes",
    ];
    for (const name of names) expect(facts[name], name).toEqual(expect.any(Number));
    expect(facts).toMatchObject({ rows: 300, cols: 2, classes: ["no", "yes"], solver: "auto", isConverged: true });
    expect(["baseline", "relaxed"]).toContain(facts.variant);
    expect(facts.accuracy).toBeGreaterThan(0.9);
  });

  it("CSV, LIBSVM, gzip and stdin of the same numbers give the same model", () => {
    const weights = ["train.csv", "train.libsvm"].map((name) => {
      succeed(["train", name, "--l2", "1e-3", "--out", "same.json"]);
      const { coef, intercept } = JSON.parse(readFileSync(join(folder, "same.json"), "utf8"));
      return { coef, intercept };
    });
    expect(weights[0]).toEqual(weights[1]);
    const text = readFileSync(join(folder, "train.csv"));
    for (const [input, words] of [
      [text, ["--format", "csv"]],
      [gzipSync(text), ["--format", "csv"]],
      [text, []],
      [gzipSync(text), ["--label", "answer"]],
      [text.toString().replaceAll(",", "\t"), []],
      [text.toString().replaceAll(",", ";"), ["--header"]],
      [`made by hand\n${text}`, ["--skip-lines", "1"]],
      [text.toString().replaceAll(",", " "), ["--label", "answer"]],
      [text.toString().slice(text.indexOf("\n") + 1), ["--no-header"]],
      [readFileSync(join(folder, "train.libsvm")), []],
    ] as const) {
      succeed(["train", "-", ...words, "--l2", "1e-3", "--out", "stdin.json"], input);
      const { coef, intercept } = JSON.parse(readFileSync(join(folder, "stdin.json"), "utf8"));
      expect({ coef, intercept }).toEqual(weights[0]);
    }
  });

  it("a table of one line, and of a name that says nothing, is known by its cells", () => {
    writeFileSync(join(folder, "table"), readFileSync(join(folder, "test.csv")));
    const named = succeed(["predict", "model.json", "test.csv", "--label", "answer"]);
    expect(succeed(["predict", "model.json", "table", "--label", "answer"])).toBe(named);
    expect(succeed(["inspect", "table"])).toMatch(/csv/);
    expect(succeed(["predict", "model.json", "-"], "90,80\n")).toBe("yes\n");
    expect(succeed(["predict", "model.json", "-", "--no-header"], "90 80\n1 2\n")).toBe("yes\nno\n");
    expect(bitcenter(["predict", "model.json", "-"], "90 80\n1 2\n").err).toMatch(/neither its name nor its beginning/);
  });

  it("a test file without a telling name has the width of the training file, though its rows end earlier", () => {
    const rows = Array.from({ length: 40 }, (_, i) => `${i % 2} 1:${i % 2} 2:${i % 3}`);
    writeFileSync(join(folder, "wide"), `${rows.join("\n")}\n1 3:1\n`);
    writeFileSync(join(folder, "wide.t"), `${rows.join("\n")}\n`);
    const words = ["train", "wide", "--test", "wide.t", "--out", "wide.json", "--json"];
    expect(JSON.parse(succeed(words))).toMatchObject({ cols: 3, accuracy: 1 });
    expect(succeed(["evaluate", "wide.json", "wide.t"])).toContain("accuracy  1");
    expect(
      succeed(["predict", "wide.json", "-"], `${rows.join("\n")}\n`)
        .trim()
        .split("\n"),
    ).toHaveLength(40);
  });

  it("r2 where the truth is the same everywhere: 1 if every row is met exactly, else 0", () => {
    writeFileSync(join(folder, "tenths.csv"), "x,y\n3,0.1\n4,0.1\n5,0.1\n");
    const r2 = (model: string, data: string): number => JSON.parse(succeed(["evaluate", model, data, "--json"])).r2;
    expect(r2("line.json", "tenths.csv")).toBe(0);
    const line = JSON.parse(readFileSync(join(folder, "line.json"), "utf8"));
    const constant = { coef: Float64Array.of(0), intercept: Float64Array.of(0.1) };
    writeFileSync(join(folder, "tenth.json"), JSON.stringify(modelToJson({ ...line, ...constant })));
    expect(r2("tenth.json", "tenths.csv")).toBe(1);
    const close = { ...constant, intercept: Float64Array.of(0.1 + 2 ** -56) };
    writeFileSync(join(folder, "tenth.json"), JSON.stringify(modelToJson({ ...line, ...close })));
    expect(r2("tenth.json", "tenths.csv")).toBe(0);
  });

  it("numbers in every decimal spelling", () => {
    const objective = (l2: string): number =>
      JSON.parse(succeed(["train", "train.csv", "--l2", l2, "--json"])).objective;
    expect(new Set(["1e-3", "0.001", "+.001", "1.E-3"].map(objective)).size).toBe(1);
  });

  it("solves a regression", () => {
    const facts = JSON.parse(
      succeed(["train", "line.csv", "--loss", "squared", "--test", "line.csv", "--out", "line.json", "--json"]),
    );
    expect(facts.classes).toBeNull();
    // tol 1e-6: (F − F*)/F(0) ≤ 1e-12, with F* = 0 and F = rmse²/2; F(0) < 142²/2
    expect(facts.rmse).toBeLessThan(142e-6);
    const { coef, intercept } = JSON.parse(readFileSync(join(folder, "line.json"), "utf8"));
    expect(coef[0]).toBeCloseTo(3, 4);
    expect(intercept[0]).toBeCloseTo(-7, 3);
  });

  it("says it to people in a few lines", () => {
    const out = succeed(["train", "train.csv", "--test", "test.csv"]);
    expect(out).toMatch(/rows × columns +300 × 2\n/);
    expect(out).toMatch(/test accuracy +0\.9/);
  });

  it("one-hot columns come back in files that lack a category", () => {
    succeed(["train", "colours.csv", "--one-hot", "--out", "colours.json"]);
    writeFileSync(join(folder, "red.csv"), "size,colour\n3,red\n4,red\n");
    const predicted = succeed(["predict", "colours.json", "red.csv", "--one-hot"]);
    expect(predicted).toBe("1\n1\n");
    expect(bitcenter(["predict", "colours.json", "red.csv"])).toMatchObject({ code: 1 });
  });
});

describe("tables with something above them, and without a header", () => {
  it.each(["iris.csv", "wine.csv"])("%s, in every command", (name) => {
    const skip = ["--skip-lines", "1"];
    const words = ["train", name, ...skip, "--test", name, "--out", "flowers.json", "--json"];
    const facts = JSON.parse(succeed(words));
    expect(facts).toMatchObject({ rows: 60, cols: 2, classes: [0, 1, 2] });
    expect(JSON.parse(succeed(["evaluate", "flowers.json", name, ...skip, "--json"])).accuracy).toBe(facts.accuracy);
    expect(succeed(["predict", "flowers.json", name, ...skip, "--label", "last"]).split("\n")).toHaveLength(61);
    const { solvers } = JSON.parse(succeed(["compare", name, ...skip, "--max-passes", "2", "--json"]));
    expect(solvers).toHaveLength(10);
    const header = ["convert", "flowers.json", "--to", "c", "--data", name, ...skip, "--label", "last"];
    expect(succeed(header)).toMatch(/model_predict/);
    expect(JSON.parse(succeed(["inspect", name, ...skip, "--label", "last", "--json"]))).toMatchObject({
      rows: 60,
      cols: 2,
      labels: { kind: "classes", counts: [0, 1, 2].map((label) => ({ label, rows: 20 })) },
      featureNames: null,
    });
  });

  it("--header and --no-header say what cannot be told", () => {
    // the names of these columns are numbers
    writeFileSync(join(folder, "years.csv"), "2020,2021\n1,0\n2,1\n3,0\n4,1\n");
    const rows = (...words: string[]): number => JSON.parse(succeed(["train", "years.csv", "--json", ...words])).rows;
    expect(rows("--header")).toBe(4);
    expect(rows("--no-header")).toBe(5);
    expect(rows()).toBe(5);
    expect(JSON.parse(succeed(["inspect", "years.csv", "--header", "--json"])).columns[1].name).toBe("2021");
  });
});

describe("files that say the same in other words", () => {
  it("a LIBSVM test file that lacks column 0 is read as the training file is", () => {
    const dice = new Dice(3);
    const rows = Array.from({ length: 120 }, () => [0, 1, 2, 3].map(() => dice.uniform() - 0.5));
    const lines = (from: number): string =>
      rows
        .map((row) => {
          const label = (row[1] as number) > (row[2] as number) ? 1 : 0;
          const entries = row.map((x, j) => `${j}:${x}`).slice(from);
          return `${label} ${entries.join(" ")}\n`;
        })
        .join("");
    writeFileSync(join(folder, "zero.libsvm"), lines(0));
    writeFileSync(join(folder, "lacking.libsvm"), lines(1));
    const words = ["train", "zero.libsvm", "--test", "lacking.libsvm", "--out", "zero.json", "--json"];
    expect(JSON.parse(succeed(words)).accuracy).toBeGreaterThan(0.95);
    // the model knows: in a file of that name, in one that is told from its contents, on stdin, in either format of models
    writeFileSync(join(folder, "lacking"), lines(1));
    succeed(["convert", "zero.json", "--to", "safetensors", "--out", "zero.safetensors"]);
    const expected = succeed(["predict", "zero.json", "zero.libsvm"]);
    for (const model of ["zero.json", "zero.safetensors"]) {
      for (const file of ["lacking.libsvm", "lacking"]) {
        for (const more of [[], ["--first-index", "0"]]) {
          const evaluated = succeed(["evaluate", model, file, ...more, "--json"]);
          expect(JSON.parse(evaluated).accuracy).toBeGreaterThan(0.95);
        }
      }
      expect(succeed(["predict", model, "-"], lines(0))).toBe(expected);
      expect(succeed(["predict", model, "-"], lines(1))).not.toBe("");
      const { code, err } = bitcenter(["evaluate", model, "lacking.libsvm", "--first-index", "1"]);
      expect([code, err]).toEqual([
        2,
        "bitcenter: evaluate: --first-index 1 contradicts the model: the file it was trained on calls its first column 0 (bitcenter --help)\n",
      ]);
    }
    expect(JSON.parse(readFileSync(join(folder, "zero.json"), "utf8")).firstIndex).toBe(0);
    expect(succeed(["inspect", "zero.json"])).toMatch(/first index +0 \(LIBSVM\)/);
  });

  it("a model of rows from index 1 refuses a file that begins at 0, and one of a table takes either", () => {
    const rows = (first: number): string =>
      Array.from({ length: 30 }, (_, i) => `${i % 2} ${first}:${i % 2} ${first + 1}:${i % 3}\n`).join("");
    writeFileSync(join(folder, "from0"), rows(0));
    writeFileSync(join(folder, "from1"), rows(1));
    writeFileSync(
      join(folder, "from.csv"),
      Array.from({ length: 30 }, (_, i) => `${i % 2},${i % 3},${i % 2}\n`).join(""),
    );
    succeed(["train", "from1", "--out", "from1.json"]);
    expect(JSON.parse(readFileSync(join(folder, "from1.json"), "utf8")).firstIndex).toBe(1);
    const { code, err } = bitcenter(["predict", "from1.json", "from0"]);
    expect([code, err]).toEqual([
      1,
      'bitcenter: from0: line 1 (row 0): found "0:0", expected indices from 1, as the rows that the model was trained on have them\n',
    ]);
    expect(bitcenter(["train", "from1", "--test", "from0"]).err).toContain(
      'found "0:0", expected indices from 1, as the rows that the model was trained on have them',
    );
    succeed(["train", "from.csv", "--out", "from-csv.json"]);
    expect(JSON.parse(readFileSync(join(folder, "from-csv.json"), "utf8"))).not.toHaveProperty("firstIndex");
    const predicted = ["from0", "from1"].map((name) => succeed(["predict", "from-csv.json", name]));
    expect(predicted[0]).toBe(predicted[1]);
    expect(succeed(["predict", "from-csv.json", "from1", "--first-index", "1"])).toBe(predicted[0]);
  });

  it("labels that are text in one file and numbers in the other", () => {
    const dice = new Dice(4);
    const rows = Array.from({ length: 100 }, () => dice.uniform() - 0.5);
    const csv = (more: (i: number, label: string) => string): string =>
      `x,y\n${rows.map((x, i) => `${x},${more(i, x > 0 ? "1" : "2.0")}`).join("\n")}\n`;
    writeFileSync(
      join(folder, "mixed.csv"),
      csv((i, label) => (i < 4 ? "other" : label)),
    );
    writeFileSync(
      join(folder, "plain.csv"),
      csv((_, label) => label),
    );
    for (const [train, test] of [
      ["mixed.csv", "plain.csv"],
      ["plain.csv", "mixed.csv"],
    ] as const) {
      const { accuracy } = JSON.parse(succeed(["train", train, "--test", test, "--out", "spelled.json", "--json"]));
      expect(accuracy).toBeGreaterThan(0.9);
      expect(JSON.parse(succeed(["evaluate", "spelled.json", test, "--json"])).accuracy).toBe(accuracy);
    }
  });
});

describe("predict, evaluate, convert, inspect, compare", () => {
  it("predicts a label a line, or probabilities", () => {
    const labels = succeed(["predict", "model.json", "test.csv", "--label", "answer"]).trim().split("\n");
    expect(labels).toHaveLength(100);
    expect(new Set(labels)).toEqual(new Set(["no", "yes"]));
    const [head, ...rows] = succeed(["predict", "model.json", "test.csv", "--label", "answer", "--probabilities"])
      .trim()
      .split("\n");
    expect(head).toBe("no\tyes");
    rows.forEach((row, i) => {
      const [no, yes] = row.split("\t").map(Number) as [number, number];
      expect(no + yes).toBeCloseTo(1, 12);
      expect(labels[i]).toBe(yes > no ? "yes" : "no");
    });
    succeed(["predict", "model.json", "test.csv", "--label", "answer", "--out", "predicted.txt"]);
    expect(readFileSync(join(folder, "predicted.txt"), "utf8").trim().split("\n")).toEqual(labels);
  });

  it("evaluates: accuracy agrees with the predictions", () => {
    const facts = JSON.parse(succeed(["evaluate", "model.json", "test.csv", "--json"]));
    const predicted = succeed(["predict", "model.json", "test.csv", "--label", "answer"]).trim().split("\n");
    const truth = readFileSync(join(folder, "test.csv"), "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(",")[2]);
    expect(facts.accuracy).toBe(predicted.filter((label, i) => label === truth[i]).length / 100);
    expect(
      facts.classes.map(({ support }: { support: number }) => support).reduce((a: number, b: number) => a + b),
    ).toBe(100);
    expect(succeed(["evaluate", "numbers.json", "test.libsvm.gz"])).toMatch(/accuracy +0\.9/);
  });

  it("says how many labels are no classes of the model", () => {
    writeFileSync(join(folder, "maybe.csv"), "a,b,answer\n1,1,no\n90,90,yes\n50,50,maybe\n");
    const facts = JSON.parse(succeed(["evaluate", "model.json", "maybe.csv", "--json"]));
    expect(facts).toMatchObject({ rows: 3, accuracy: 2 / 3, unknownRows: 1 });
    expect(succeed(["evaluate", "model.json", "maybe.csv"])).toMatch(/not a class +the labels of 1 rows: always wrong/);
    expect(succeed(["evaluate", "model.json", "test.csv"])).not.toMatch(/not a class/);
  });

  it("converted models predict the same", async () => {
    for (const format of ["json", "safetensors", "liblinear"]) {
      succeed(["convert", "numbers.json", "--to", format, "--out", `numbers.${format}`]);
      const [before, after] = [
        await loadModel(join(folder, "numbers.json")),
        await loadModel(join(folder, `numbers.${format}`)),
      ];
      expect(after.coef).toEqual(before.coef);
      expect(after.intercept).toEqual(before.intercept);
      const predicted = ["numbers.json", `numbers.${format}`].map((name) =>
        succeed(["predict", name, "test.libsvm.gz"]),
      );
      expect(predicted[1]).toBe(predicted[0]);
    }
    succeed(["convert", "model.json", "--to", "onnx", "--out", "model.onnx"]);
    expect(readFileSync(join(folder, "model.onnx")).length).toBeGreaterThan(100);
    const header = succeed([
      "convert",
      "model.json",
      "--to",
      "c",
      "--data",
      "train.csv",
      "--label",
      "answer",
      "--name",
      "leaf",
    ]);
    expect(header).toMatch(/leaf_predict/);
  });

  it("inspects models and data", () => {
    expect(JSON.parse(succeed(["inspect", "model.json", "--json"]))).toMatchObject({
      kind: "model",
      estimator: "LogisticRegression",
      cols: 2,
    });
    expect(JSON.parse(succeed(["inspect", "train.libsvm", "--json"]))).toMatchObject({
      kind: "data",
      format: "libsvm",
      rows: 300,
      cols: 2,
      nonzeros: 600,
    });
    expect(succeed(["inspect", "model.json"])).toMatch(/LogisticRegression, loss logistic/);
    expect(succeed(["inspect", "train.csv", "--label", "answer"])).toMatch(/no \(\d+\), yes \(\d+\)/);
  });

  it("inspects tables that no model takes: text, missing values, no header", () => {
    const out = succeed(["inspect", "train.csv"]);
    expect(out).toMatch(/^labels +none asked for with --label; train and evaluate take the last column, "answer"$/m);
    expect(out).toMatch(/^0 a +number, \d+ to \d+$/m);
    expect(out).toMatch(/^2 answer +text, 2 different: (?:no, yes|yes, no)$/m);
    expect(succeed(["inspect", "train.csv", "--label", "answer"])).toMatch(/^2 answer +text, .* \(label\)$/m);
    const gaps = JSON.parse(succeed(["inspect", "gaps.csv", "--json"]));
    expect(gaps).toMatchObject({
      kind: "data",
      rows: 3,
      cols: 5,
      nonzeros: 3,
      min: 0,
      max: 40.5,
      storage: "Float32Array",
    });
    expect(gaps.columns).toEqual([
      { name: "name", index: 0, kind: "text", numbers: 0, texts: 3, missing: 0, distinct: 3 },
      {
        name: "age",
        index: 1,
        kind: "number",
        min: 31,
        max: 40.5,
        mean: 35.75,
        numbers: 2,
        texts: 0,
        missing: 1,
        distinct: 2,
      },
      { name: "city", index: 2, kind: "text", numbers: 0, texts: 3, missing: 0, distinct: 2 },
      {
        name: "flag",
        index: 3,
        kind: "mixed",
        min: 0,
        max: 1,
        mean: 0.5,
        numbers: 2,
        texts: 1,
        missing: 0,
        distinct: 3,
      },
      { name: "none", index: 4, kind: "missing", numbers: 0, texts: 0, missing: 3, distinct: 0 },
    ]);
    const text = succeed(["inspect", "gaps.csv"]);
    for (const line of [
      /^1 age +number, 31 to 40.5, 1 missing$/m,
      /^3 flag +mixed, numbers \(2\) and text \(1\)$/m,
      /^4 none +nothing, 3 missing$/m,
    ]) {
      expect(text).toMatch(line);
    }
    const { columns } = JSON.parse(succeed(["inspect", "gaps.csv", "--no-header", "--json"]));
    expect(columns[0]).toEqual({ name: null, index: 0, kind: "text", numbers: 0, texts: 4, missing: 0, distinct: 4 });
  });

  it.each(["train.csv", "line.csv", "iris.csv"])("what inspect says of %s is what the reader makes of it", (name) => {
    const more = name === "iris.csv" ? ["--skip-lines", "1"] : [];
    const profile = JSON.parse(succeed(["inspect", name, "--label", "last", "--json", ...more]));
    // with --one-hot it is the matrix that is shown; none of its columns is text here
    const matrix = JSON.parse(succeed(["inspect", name, "--label", "last", "--one-hot", "--json", ...more]));
    const { columns: _columns, label: _label, ...same } = profile;
    expect(same).toEqual(matrix);
  });

  it("says of files of other programs what they are", () => {
    succeed(["convert", "model.json", "--to", "onnx", "--out", "foreign.onnx"]);
    succeed(["convert", "model.json", "--to", "c", "--data", "test.csv", "--label", "answer", "--out", "foreign.h"]);
    const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
    for (const [name, text] of [
      ["foreign.npz", "PK\x03\x04rest"],
      ["zip.csv", "PK\x03\x04rest"],
      ["foreign.pkl", "\x80\x04\x95rest"],
      ["foreign.parquet", "PAR1\x15\x04rest"],
      ["foreign.h5", "\x89HDF\r\n\x1a\nrest"],
      ["foreign.bz2", "BZh91AY&SYrest"],
      ["foreign.model", "svm_type c_svc\nkernel_type linear\n"],
      ["foreign.html", "\n<!DOCTYPE html><html>"],
    ] as const) {
      writeFileSync(join(folder, name), bytes(text));
    }
    const kinds: Record<string, string> = {
      "foreign.onnx": "an ONNX model, which is written but not read",
      "foreign.h": "a C header of a model, which is written but not read",
      "foreign.npz": "a zip archive (NPZ, XLSX, Keras and PyTorch files are such)",
      "zip.csv": "a zip archive (NPZ, XLSX, Keras and PyTorch files are such)",
      "foreign.pkl": "a Python pickle (joblib too)",
      "foreign.parquet": "a Parquet file",
      "foreign.h5": "an HDF5 file",
      "foreign.bz2": "compressed by bzip2 (gzip is read)",
      "foreign.model": "a model of LIBSVM",
      "foreign.html": "a page of HTML or XML",
    };
    const readable =
      "models are read from JSON, safetensors and LIBLINEAR's text, data from LIBSVM, CSV, TSV, NPY and IDX";
    for (const [name, kind] of Object.entries(kinds)) {
      const expected = { code: 1, out: "", err: `bitcenter: ${name}: is ${kind}; ${readable}\n` };
      expect(bitcenter(["inspect", name])).toEqual(expected);
      expect(bitcenter(["train", name])).toEqual(expected);
      if (name !== "zip.csv") expect(bitcenter(["predict", name, "test.csv"])).toEqual(expected);
    }
    // tables that begin with the same letters
    writeFileSync(join(folder, "par.csv"), "PAR1,PAR2\n1,2\n2,3\n");
    writeFileSync(join(folder, "bzh.csv"), "BZh,PK\n1,2\n2,3\n");
    for (const name of ["par.csv", "bzh.csv"]) expect(JSON.parse(succeed(["inspect", name, "--json"])).rows).toBe(2);
  });

  it("models come compressed and on stdin, too", () => {
    const expected = succeed(["predict", "model.json", "test.csv", "--label", "answer"]);
    const text = readFileSync(join(folder, "model.json"));
    writeFileSync(join(folder, "model.json.gz"), gzipSync(text));
    expect(succeed(["predict", "model.json.gz", "test.csv", "--label", "answer"])).toBe(expected);
    expect(succeed(["predict", "-", "test.csv", "--label", "answer"], text)).toBe(expected);
    expect(succeed(["inspect", "model.json.gz"])).toBe(succeed(["inspect", "model.json"]));
  });

  it("a model whose options or report were written by hand is an error of that file", () => {
    const saved = JSON.parse(readFileSync(join(folder, "model.json"), "utf8"));
    const plain = { ...saved, coef: Float64Array.from(saved.coef), intercept: Float64Array.from(saved.intercept) };
    const write = (extra: object): void =>
      writeFileSync(join(folder, "hand.json"), JSON.stringify(modelToJson(plain, { ...saved, ...extra })));
    write({ report: { ...saved.report, passes: "many" } });
    expect(bitcenter(["inspect", "hand.json"])).toMatchObject({
      code: 1,
      err: 'bitcenter: hand.json: LogisticRegression.fromJSON: report.passes must be a finite number >= 0, given "many"\n',
    });
    write({ options: { alpha: -1 } });
    expect(bitcenter(["inspect", "hand.json"])).toMatchObject({
      code: 1,
      err: expect.stringContaining("hand.json: LogisticRegression: alpha must be"),
    });
  });

  it("a solver that does not take the options is a line of the comparison", () => {
    for (const words of [
      ["--penalty", "l1"],
      ["--bits", "16"],
    ]) {
      const { solvers } = JSON.parse(succeed(["compare", "train.csv", "--max-passes", "5", "--json", ...words]));
      expect(solvers).toHaveLength(10);
      expect(solvers[0].objective).toBeGreaterThan(0);
      expect(solvers.at(-1).refused).toMatch(/penalty|zipml/);
    }
    expect(bitcenter(["compare", "train.csv", "--bits", "3"]).code).toBe(2);
  });

  it("compares all solvers; auto is not above any of them", () => {
    const { solvers } = JSON.parse(succeed(["compare", "train.csv", "--l2", "1e-2", "--json"]));
    expect(solvers.length).toBeGreaterThanOrEqual(10);
    const [auto] = solvers;
    for (const { solver, objective } of solvers) {
      if (objective !== undefined) expect(auto.objective, solver).toBeLessThanOrEqual(objective * (1 + 1e-12));
    }
    expect(succeed(["compare", "line.csv", "--loss", "huber"])).toMatch(/solver +objective +above best/);
  });
});

describe("errors: one sentence on stderr, nothing on stdout", () => {
  const wrongUsage: [string, string[], RegExp][] = [
    ["an unknown command", ["trian", "x"], /unknown command "trian"; known: train/],
    [
      "a value with a dash",
      ["train", "train.csv", "--l2", "-1"],
      /option '--l2' needs a value, and one that begins with a dash is written --l2=-…/,
    ],
    ["an unknown option", ["train", "train.csv", "--ltwo", "1"], /train: unknown option '--ltwo'/],
    ["no file", ["train"], /expected DATA, given nothing/],
    ["a file too many", ["evaluate", "a", "b", "c"], /expected MODEL and DATA/],
    ["text for a number", ["train", "train.csv", "--l2", "strong"], /--l2 must be a number, given "strong"/],
    ["an empty number", ["train", "train.csv", "--l2", ""], /--l2 must be a number, given ""/],
    ["an unknown loss", ["train", "train.csv", "--loss", "cubed"], /--loss must be logistic, squared/],
    ["an unknown solver", ["train", "train.csv", "--solver", "adam"], /--solver must be auto/],
    ["a strength below 0", ["train", "train.csv", "--l2=-1"], /train: --l2 must be a finite number >= 0, given -1/],
    ["a hexadecimal number", ["train", "train.csv", "--l2", "0x10"], /train: --l2 must be a number, given "0x10"/],
    ["a number with lines", ["train", "train.csv", "--max-passes", "1_000"], /must be a number, given "1_000"/],
    ["a number of blanks", ["train", "train.csv", "--seed", " "], /--seed must be a number, given " "/],
    ["a number beyond float64", ["train", "train.csv", "--l2", "1e999"], /--l2 must be a number, given "1e999"/],
    [
      "a penalty that a solver has not",
      ["train", "train.csv", "--penalty", "l1", "--solver", "halp"],
      /train: --penalty l1 is for solver "auto" and "newton", given --solver halp/,
    ],
    [
      "a penalty that a loss has not",
      ["train", "train.csv", "--loss", "hinge", "--penalty", "l1"],
      /--loss hinge has --penalty l2 only, given --penalty l1; use --loss squared-hinge/,
    ],
    ["a penalty that is none", ["compare", "train.csv", "--penalty", "l3"], /compare: --penalty must be "l2" or/],
    [
      "a ratio without elasticnet",
      ["train", "train.csv", "--l1-ratio", "0.5"],
      /--l1-ratio belongs to --penalty elasticnet, given --penalty l2/,
    ],
    [
      "a ratio above 1",
      ["train", "a", "--penalty", "elasticnet", "--l1-ratio", "2"],
      /--l1-ratio must be .* from 0 to 1/,
    ],
    ["a seed between numbers", ["train", "train.csv", "--seed", "1.5"], /--seed must be a whole number/],
    ["no passes", ["train", "train.csv", "--max-passes", "0"], /--max-passes must be a finite number > 0/],
    [
      "bits of zipml",
      ["train", "train.csv", "--solver", "zipml", "--bits", "16"],
      /--solver zipml has samples of .*, given --bits 16/,
    ],
    [
      "weights of classes in a regression",
      ["train", "line.csv", "--loss", "squared", "--class-weight", "balanced"],
      /--class-weight is for losses of classes, given --loss squared/,
    ],
    [
      "a format that is none",
      ["train", "train.csv", "--format", "xlsx"],
      /--format must be libsvm, csv.*, given "xlsx"/,
    ],
    [
      "a label that is not there",
      ["train", "train.csv", "--label", "nope"],
      /train: --label "nope": train.csv has no such column/,
    ],
    [
      "a label beyond the columns",
      ["train", "train.csv", "--label", "7"],
      /train: --label 7: train.csv has columns 0 to 2/,
    ],
    [
      "labels twice",
      ["train", "train.csv", "--label", "a", "--labels", "x"],
      /\(--label\) or .* \(--labels\), given both/,
    ],
    ["a header and none", ["train", "train.csv", "--header", "--no-header"], /--header and --no-header contradict/],
    [
      "half a line",
      ["train", "train.csv", "--skip-lines", "1.5"],
      /--skip-lines must be a whole number >= 0, given 1.5/,
    ],
    ["a first index of 2", ["train", "train.libsvm", "--first-index", "2"], /--first-index must be 0, 1, given "2"/],
    ["columns of a table", ["train", "train.csv", "--cols", "3"], /--cols is no option of format csv/],
    ["a header of LIBSVM", ["train", "train.libsvm", "--header"], /train: --header is no option of format libsvm/],
    [
      "lines above LIBSVM",
      ["inspect", "train.libsvm", "--skip-lines", "1"],
      /--skip-lines is no option of format libsvm/,
    ],
    [
      "a name that is none in C",
      ["convert", "model.json", "--to", "c", "--data", "test.csv", "--label", "answer", "--name", "3x"],
      /convert: --name must be a letter/,
    ],
    ["a value that is missing", ["convert", "model.json", "--to"], /option '--to' needs a value/],
    ["a value for a switch", ["train", "train.csv", "--json=yes"], /option '--json' takes no value/],
    [
      "model and data turned round",
      ["predict", "train.csv", "model.json"],
      /expected MODEL and then DATA, but "train.csv" is data/,
    ],
    ["stdin twice", ["predict", "-", "-"], /standard input is MODEL or DATA, given as both/],
    ["epsilon without huber", ["train", "train.csv", "--epsilon", "1"], /--epsilon belongs to --loss huber/],
    ["no format", ["convert", "model.json"], /--to is missing/],
    [
      "probabilities of a regression",
      ["predict", "line.json", "line.csv", "--probabilities"],
      /needs a LogisticRegression/,
    ],
  ];
  it.each(wrongUsage)("%s: exit code 2", (_, words, sentence) => {
    const { code, out, err } = bitcenter(words);
    expect(err).toMatch(sentence);
    expect(err.trim().split("\n")).toHaveLength(1);
    expect(out).toBe("");
    expect(code).toBe(2);
  });

  const failures: [string, string[], RegExp][] = [
    ["a missing file", ["train", "missing.csv"], /missing\.csv: there is no such file/],
    ["a value that is no number", ["train", "bad.csv"], /bad\.csv: .*line 3/],
    ["one class", ["train", "one.csv"], /two classes/],
    ["no model", ["predict", "not-a-model.json", "test.csv"], /not-a-model\.json/],
    [
      "other columns",
      ["predict", "numbers.json", "three.csv"],
      /three\.csv: the rows have 3 columns, the model 2; if one of them is the label/,
    ],
    [
      "text labels for a regression",
      ["train", "train.csv", "--loss", "squared"],
      /needs numbers as labels, but the first one is/,
    ],
    ["a folder that is not there", ["train", "train.csv", "--out", "nowhere/model.json"], /the folder does not exist/],
    ["a folder as file", ["train", "."], /directory/],
    ["an empty stdin", ["train", "-", "--format", "csv"], /standard input/],
    ["targets as classes", ["train", "targets.csv"], /are these targets of a regression\? then give --loss squared$/m],
    ["an empty stdin of any format", ["train", "-"], /standard input: is empty, expected data/],
    ["an empty file", ["train", "empty"], /empty: is empty, expected data/],
    ["an empty table", ["inspect", "empty.csv"], /empty.csv: holds no rows/],
    ["an empty model", ["predict", "empty", "test.csv"], /empty: is empty, expected a model/],
    ["a model as data", ["train", "model.json"], /model.json: is a model or other JSON, expected data/],
    ["JSON of somebody else", ["inspect", "not-a-model.json"], /not-a-model.json: is not a model of bitcenter/],
    [
      "text as a model",
      ["predict", "wide", "test.csv"],
      /wide: is no model: expected JSON, safetensors or LIBLINEAR's text/,
    ],
    [
      "a file that is called like an option",
      ["train", "oneHot: firstIndex", "--format", "csv"],
      /^bitcenter: oneHot: firstIndex: there is no such file$/m,
    ],
    [
      "the label's column in what is to be predicted",
      ["predict", "model.json", "test.csv"],
      /column 2 "answer": found .*, expected a number; columns of text can be read with --one-hot, and the label is left out with --label/,
    ],
    [
      "a line above the table",
      ["train", "wine.csv"],
      /wine.csv: line 2 \(row 1\): found 3 fields, expected 4 as on line 1; lines above the table are passed over with --skip-lines/,
    ],
    [
      "a line above the table of the same length",
      ["train", "iris.csv"],
      /iris.csv: line 1: cannot tell whether this is a header .*; give --header, --no-header, or --skip-lines N for what stands above the table/,
    ],
  ];
  it.each(failures)("%s: exit code 1", (_, words, sentence) => {
    const { code, out, err } = bitcenter(words);
    expect(err).toMatch(sentence);
    expect(err).not.toMatch(/\n\s+at /);
    expect(err.trim().split("\n")).toHaveLength(1);
    expect(out).toBe("");
    expect(code).toBe(1);
  });

  it("--debug shows where an error came from", () => {
    expect(bitcenter(["train", "missing.csv", "--debug"]).err).toMatch(/\n\s+at /);
  });

  it("a failed run leaves the file that was there", () => {
    writeFileSync(join(folder, "kept.json"), "kept");
    bitcenter(["train", "bad.csv", "--out", "kept.json"]);
    expect(readFileSync(join(folder, "kept.json"), "utf8")).toBe("kept");
    expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
  });
});

it("help and version", () => {
  expect(succeed(["--help"])).toMatch(/train DATA/);
  expect(succeed([])).toBe(succeed(["--help"]));
  expect(succeed(["train", "--help"])).toMatch(/--max-passes N/);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(succeed(["--version"])).toBe(`${version}\n`);
});

/** A host whose output is kept. */
function fakeHost(
  isTTY: boolean,
  onInterrupt: Host["onInterrupt"] = () => () => {},
): Host & { out: string[]; err: string[] } {
  const [out, err]: [string[], string[]] = [[], []];
  const stream = (lines: string[]) => ({
    isTTY,
    columns: 80,
    write: (text: string | Uint8Array) => lines.push(String(text)),
  });
  return { stdout: stream(out), stderr: stream(err), onInterrupt, version: "0", out, err };
}

describe("on a terminal", () => {
  it("draws a bar that ends as an empty line; piped there is none", async () => {
    const words = ["train", join(folder, "train.csv")];
    const [tty, piped] = [fakeHost(true), fakeHost(false)];
    expect(await run(words, tty)).toBe(0);
    expect(await run(words, piped)).toBe(0);
    expect(tty.err.join("")).toMatch(/\rtraining .*%/);
    expect(tty.err.at(-1)).toMatch(/^\r +\r$/);
    for (const line of tty.err) expect(line.replaceAll("\r", "").length).toBeLessThan(80);
    expect(piped.err).toEqual([]);
  });
});

describe("Ctrl-C", () => {
  it("saves the last finished outer step, says so, and exits with 130", async () => {
    const out = join(folder, "interrupted.json");
    let stop = (): void => {};
    const host = fakeHost(true, (handler) => {
      stop = handler;
      return () => {};
    });
    // at the second outer step, when the first is finished
    const write = host.stderr.write;
    (host.stderr as { write: typeof write }).write = (text) => {
      if (/outer step 2,/.test(String(text))) stop();
      return write(text);
    };
    const code = await run(["train", join(folder, "train.csv"), "--solver", "sgd", "--out", out], host);
    expect(code).toBe(130);
    expect(host.err.join("")).toMatch(
      /interrupted; the model of the last finished outer step is in .*interrupted\.json/,
    );
    const model = await loadModel(out);
    expect(model.report?.stoppedBy).toBe("aborted");
    expect(model.coef.some((w) => w !== 0)).toBe(true);
  });

  it("reaches a real process: before anything is finished there is nothing to save", async () => {
    const child = spawn(process.execPath, [main, "train", "-", "--format", "libsvm", "--out", "none.json"], {
      cwd: folder,
    });
    let err = "";
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
    // more than a pipe holds: once it is written the process reads, and listens to Ctrl-C
    const row = "1 1:1 2:2\n-1 1:2 2:1\n";
    await new Promise((resolve) => child.stdin.write(row.repeat(2 ** 17), resolve));
    child.kill("SIGINT");
    child.stdin.end();
    expect(await ended).toBe(130);
    expect(err).toBe("bitcenter: interrupted; no outer step was finished, so there is nothing to save\n");
    expect(existsSync(join(folder, "none.json"))).toBe(false);
  });
});
