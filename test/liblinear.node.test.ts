// LIBLINEAR's own programs, where they are installed (liblinear-tools of Debian): liblinear-predict reads what we write and predicts the same; what
// liblinear-train writes we read, predict the same, and write again byte for byte.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { fromLiblinear, type LinearModel, toLiblinear } from "../bindings/io/index.js";
import { anyModel, marginsOf, placesOf } from "./support/models.js";
import { Dice } from "./support/random.js";

const isThere = ["liblinear-train", "liblinear-predict"].every((name) => spawnSync(name).error === undefined);
if (!isThere)
  console.log("skipped: liblinear-train and liblinear-predict are absent (apt-get install liblinear-tools)");

const folder = mkdtempSync(join(tmpdir(), "bitcenter-liblinear-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

const [ROWS, COLS] = [120, 6];

interface Rows {
  readonly data: Float64Array;
  /** In LIBSVM's form, %.17g. */
  readonly text: string;
}

/** Rows whose label is one of `labels`, or real. */
function rowsOf(dice: Dice, labels: readonly number[] | null, first = 0): Rows {
  const data = Float64Array.from({ length: ROWS * COLS }, () => dice.normal());
  const lines = Array.from({ length: ROWS }, (_, i) => {
    const row = Array.from(data.subarray(i * COLS, (i + 1) * COLS));
    const place = labels === null ? 0 : i < labels.length ? (first + i) % labels.length : dice.below(labels.length);
    if (labels !== null) row[0] = data[i * COLS] = (data[i * COLS] as number) + 2 * place;
    const label = labels === null ? (row[0] as number) - 2 * (row[1] as number) + dice.normal() : labels[place];
    return `${label} ${row.map((x, j) => `${j + 1}:${x}`).join(" ")}`;
  });
  return { data, text: `${lines.join("\n")}\n` };
}

function predict(model: string, { text }: Rows, ...flags: string[]): string[] {
  writeFileSync(at("rows"), text);
  writeFileSync(at("model"), model);
  execFileSync("liblinear-predict", [...flags, at("rows"), at("model"), at("out")]);
  return readFileSync(at("out"), "utf8").trim().split("\n");
}

/** What `model` predicts, as liblinear-predict prints it: %.17g of a label, six digits of a value. */
function expected(model: LinearModel, { data }: Rows): (number | string)[] {
  const margins = marginsOf(model, data, ROWS);
  const { classes } = model;
  if (classes === null) return Array.from(margins);
  return placesOf(margins, model.intercept.length).map((place) => classes[place] as number);
}

function checkPredictions(model: LinearModel, rows: Rows, printed: readonly string[]): void {
  expect(printed).toHaveLength(ROWS);
  const ours = expected(model, rows);
  printed.forEach((line, i) => {
    if (model.classes !== null) expect(Number(line)).toBe(ours[i]);
    // "%.17g" since 2.3, "%g" before
    else
      expect(Math.abs(Number(line) - (ours[i] as number))).toBeLessThanOrEqual(
        1e-5 * Math.max(1, Math.abs(ours[i] as number)),
      );
  });
}

describe.skipIf(!isThere)("liblinear-predict", () => {
  const choices = {
    "logistic, two classes": { estimator: "LogisticRegression", loss: "logistic", classes: [-1, 1] },
    "logistic, four classes": { estimator: "LogisticRegression", loss: "logistic", classes: [-3, 0, 5, 70000] },
    "squared hinge": { estimator: "LinearSVC", loss: "squaredHinge", classes: [2, 8] },
    "hinge, three classes": { estimator: "LinearSVC", loss: "hinge", classes: [1, 2, 3] },
    regression: { estimator: "LinearRegression", loss: "squared" },
  } as const;
  it.each(Object.entries(choices))("reads %s, with and without intercept, and predicts the same", (_, choice) => {
    const dice = new Dice(21);
    for (let turn = 0; turn < 4; turn++) {
      const model = anyModel(dice, { ...choice, cols: COLS, float: (of) => of.normal() });
      const own = turn % 2 ? model : { ...model, intercept: new Float64Array(model.intercept.length) };
      const rows = rowsOf(dice, model.classes as readonly number[] | null);
      checkPredictions(own, rows, predict(toLiblinear(own), rows));
    }
  });

  it("gives the probabilities of one against the rest", () => {
    const dice = new Dice(22);
    const model = anyModel(dice, { ...choices["logistic, four classes"], cols: COLS, float: (of) => of.normal() });
    const rows = rowsOf(dice, model.classes as readonly number[]);
    const [head, ...lines] = predict(toLiblinear(model), rows, "-b", "1");
    expect(head).toBe("labels -3 0 5 70000");
    const margins = marginsOf(model, rows.data, ROWS);
    lines.forEach((line, i) => {
      const parts = Array.from(margins.subarray(4 * i, 4 * i + 4), (m) => 1 / (1 + Math.exp(-m)));
      const sum = parts.reduce((a, b) => a + b, 0);
      line
        .split(" ")
        .slice(1)
        .forEach((p, k) => {
          expect(Number(p)).toBeCloseTo((parts[k] as number) / sum, 4);
        });
    });
  });

  it("a model with the labels the other way round is found", () => {
    const dice = new Dice(23);
    const model = anyModel(dice, { ...choices["squared hinge"], cols: COLS, float: (of) => of.normal() });
    const rows = rowsOf(dice, [2, 8]);
    const text = toLiblinear(model);
    for (const broken of [text.replace("label 8 2", "label 2 8"), text.replace("bias 1", "bias 100")]) {
      expect(() => checkPredictions(model, rows, predict(broken, rows))).toThrow();
    }
  });
});

describe.skipIf(!isThere)("liblinear-train", () => {
  const types = [0, 1, 2, 3, 5, 6, 7, 11, 12];
  const labelings: readonly (readonly number[])[] = [
    [-1, 1],
    [1, -1],
    [4, 2],
    [7, -3, 5],
  ];
  const runs = types.flatMap((type) =>
    (type > 10 ? [null] : labelings).flatMap((labels) => [-1, 1, 2.5].map((bias) => ({ type, labels, bias }))),
  );
  it.each(runs)(
    "-s $type, labels $labels, -B $bias: is read, predicts the same and is written again",
    ({ type, labels, bias }) => {
      const dice = new Dice(31 + type);
      const rows = rowsOf(dice, labels);
      writeFileSync(at("train"), rows.text);
      execFileSync("liblinear-train", ["-q", "-s", String(type), "-B", String(bias), at("train"), at("trained")]);
      const text = readFileSync(at("trained"), "utf8");
      const model = fromLiblinear(text, "trained");
      expect(model.cols).toBe(COLS);
      expect(model.classes).toEqual(labels?.toSorted((a, b) => a - b) ?? null);
      checkPredictions(model, rows, predict(text, rows));
      checkPredictions(model, rows, predict(toLiblinear(model), rows));
      // the same text again, where its type is the one we write and nothing had to be turned
      const isOurs =
        [0, 2, 3, 11].includes(type) &&
        bias !== 2.5 &&
        (labels === null || labels.toString() === "1,-1" || labels.toString() === "4,2");
      if (isOurs) expect(toLiblinear(model)).toBe(text);
    },
  );

  it("types without an estimator are refused", () => {
    for (const type of [4, 13]) {
      const rows = rowsOf(new Dice(40), type === 4 ? [1, 2, 3] : null);
      writeFileSync(at("train"), rows.text);
      execFileSync("liblinear-train", ["-q", "-s", String(type), at("train"), at("trained")]);
      expect(() => fromLiblinear(readFileSync(at("trained"), "utf8"))).toThrow(
        expect.objectContaining({ code: "UNSUPPORTED" }),
      );
    }
  });
});
