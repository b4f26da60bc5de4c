// ONNX files, read and evaluated by the oracle: every output is what the model says. The runtime itself is asked in onnx.node.test.ts.
import { describe, expect, it } from "vitest";
import { type LinearModel, type OnnxOptions, toOnnx } from "../bindings/io/index.js";
import { ONNX_CASES, type OnnxCase } from "./onnx-cases.js";
import { readOnnx, runOnnx } from "./oracle/onnx.js";
import { marginsOf } from "./support/models.js";
import { checkOutputs, type Precision } from "./support/onnx-checkers.js";

const PRECISIONS: readonly Precision[] = [
  { precision: "float64", input: "float32" },
  { precision: "float64", input: "float64" },
  { precision: "float32", input: "float32" },
];

const check = ({ model, data, rows }: OnnxCase, precision: Precision, bytes: Uint8Array): void =>
  checkOutputs(model, precision, data, rows, runOnnx(readOnnx(bytes), data, rows));

describe.each(PRECISIONS)("$precision, input $input", (precision) => {
  it.each(ONNX_CASES)("$name", (one) => {
    check(one, precision, toOnnx(one.model, precision));
  });
});

it("agrees with the package to 1e-6 by default, where float32 does not", () => {
  const one = ONNX_CASES.find(({ name }) => name === "squared, 130 columns") as OnnxCase;
  // far from 0, as years or prices are, and an intercept that takes it back
  const data = one.data.map((x) => Math.fround(2000 + x));
  const intercept = Float64Array.of(-2000 * one.model.coef.reduce((sum, w) => sum + w, 0));
  const model = { ...one.model, intercept };
  const exact = marginsOf(model, data, one.rows);
  const farthest = (options: OnnxOptions): number => {
    const values = runOnnx(readOnnx(toOnnx(model, options)), data, one.rows)["variable"]?.values as number[];
    return exact.reduce(
      (most, x, i) => Math.max(most, Math.abs(x - (values[i] as number)) / Math.max(1, Math.abs(x))),
      0,
    );
  };
  expect(farthest({})).toBeLessThan(1e-6);
  expect(farthest({ precision: "float32" })).toBeGreaterThan(1e-5);
});

it("one against the rest, where all are sure of the rest, is one in K", () => {
  const model: LinearModel = {
    ...{ estimator: "LogisticRegression", loss: "logistic", classes: [0, 1, 2, 3], cols: 1, featureNames: null },
    coef: Float64Array.of(-1, -1, -1, -1),
    intercept: new Float64Array(4),
  };
  for (const options of PRECISIONS) {
    const { probabilities } = runOnnx(readOnnx(toOnnx(model, options)), [5000], 1);
    expect(probabilities?.values).toEqual([0.25, 0.25, 0.25, 0.25]);
  }
});

it("says what it is: opset 13, IR 7, the estimator and the names of the features", () => {
  const { model } = ONNX_CASES[0] as OnnxCase;
  const file = readOnnx(toOnnx({ ...model, featureNames: ['a "b"'] }));
  expect(file).toMatchObject({ opset: 13, irVersion: 7, input: { name: "X", type: "float", shape: ["N", 1] } });
  expect(file.properties).toEqual({ estimator: "LogisticRegression", loss: "logistic", featureNames: '["a \\"b\\""]' });
  // only operators of ai.onnx that WebGPU and WebNN have as well
  const types = new Set(ONNX_CASES.flatMap(({ model: one }) => readOnnx(toOnnx(one)).nodes.map(({ type }) => type)));
  const allowed = [
    "ArgMax",
    "Cast",
    "Concat",
    "Div",
    "Gather",
    "Gemm",
    "Identity",
    "Max",
    "Neg",
    "ReduceSum",
    "Sigmoid",
    "Softmax",
  ];
  expect([...types].filter((type) => !allowed.includes(type))).toEqual([]);
});

describe("a file that says something else is found", () => {
  const turned = ({ coef, cols, intercept }: LinearModel): Float64Array =>
    coef.map((_, at) => coef[(at % intercept.length) * cols + Math.floor(at / intercept.length)] as number);
  const broken: Readonly<Record<string, (model: LinearModel) => LinearModel>> = {
    "weights column by column": (model) => ({ ...model, coef: turned(model) }),
    "no intercept": (model) => ({ ...model, intercept: new Float64Array(model.intercept.length) }),
    "the first weight off by a millionth": (model) => ({
      ...model,
      coef: model.coef.map((x, i) => (i === 0 ? x * (1 + 1e-6) : x)),
    }),
    "the other sign": (model) => ({ ...model, coef: model.coef.map((x) => -x) }),
    "classes in the other order": (model) => ({
      ...model,
      classes: model.classes?.map((_, i, all) => all.at(-1 - i) as string) ?? null,
    }),
    "softmax for one against the rest": (model) => ({
      ...model,
      loss: model.loss === "softmax" ? "logistic" : "softmax",
    }),
  };
  it.each(Object.keys(broken))("%s", (name) => {
    const breakIt = broken[name] as (model: LinearModel) => LinearModel;
    const precision = PRECISIONS[1] as Precision;
    const applies = ONNX_CASES.filter(({ model, rows: _ }) => {
      if (name.startsWith("softmax"))
        return model.estimator === "LogisticRegression" && (model.classes?.length ?? 0) > 2;
      if (name.startsWith("classes")) return model.classes !== null;
      if (name.startsWith("weights")) return model.intercept.length > 1 && model.cols > 1;
      return !(name === "no intercept" && model.intercept.every((b) => b === 0));
    });
    expect(applies.length).toBeGreaterThan(2);
    for (const one of applies) {
      // the writer would refuse classes that descend
      const bytes = name.startsWith("classes") ? undefined : toOnnx(breakIt(one.model), precision);
      const model = bytes ? one.model : breakIt(one.model);
      expect(() => check({ ...one, model }, precision, bytes ?? toOnnx(one.model, precision)), one.name).toThrow();
    }
  });
});

it.each<[OnnxOptions, LinearModel | undefined, string, RegExp]>([
  [
    { precision: "float16" as never },
    undefined,
    "BAD_OPTION",
    /precision must be "float64" or "float32", given "float16"/,
  ],
  [{ precission: "float32" } as never, undefined, "BAD_OPTION", /unknown option "precission"/],
  [{ precision: "float32", input: "float64" }, undefined, "BAD_OPTION", /would only be rounded/],
  [
    { precision: "float32" },
    { coef: Float64Array.of(1e39) } as never,
    "BAD_VALUE",
    /coef\[0\] = 1e\+39 is beyond the range of float32; use precision "float64"/,
  ],
  [{}, { classes: ["a", "b\ud800"] } as never, "UNSUPPORTED", /not well-formed Unicode/],
  [
    {},
    { intercept: Float64Array.of(Number.NaN) } as never,
    "BAD_VALUE",
    /toOnnx: intercept of output 0 must be finite/,
  ],
])("refuses %j, %#", (options, change, code, sentence) => {
  const { model } = ONNX_CASES[0] as OnnxCase;
  expect(() => toOnnx({ ...model, ...change }, options)).toThrow(sentence);
  expect(() => toOnnx({ ...model, ...change }, options)).toThrow(expect.objectContaining({ code }));
});
