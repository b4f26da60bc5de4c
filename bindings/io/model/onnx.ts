// ONNX: opset 13 of ai.onnx and IR version 7, which every runtime since 2020 reads, and operators of that domain alone (ai.onnx.ml is missing in runtimes
// for GPUs and browsers). Field numbers are those of onnx.proto3: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3.
//
//   input X [N, cols] ─(Cast)─ Gemm with coefᵀ, + intercept ─ margins [N, outputs]
//   two classes:     Concat(−m, m) ─┬─ ArgMax (of equals the first) ─ Gather from the classes ─ label [N]
//   more:                   margins ┘
//   logistic: Sigmoid, for more than two divided by the sum; softmax: Softmax ─ probabilities [N, classes];  LinearSVC: scores [N, outputs];
//   regression: variable [N, 1]

import { BitcenterError, show } from "../../errors.js";
import { checkModel, outputsOf } from "../../estimators/check-model.js";
import type { LinearModel } from "../../estimators/linear-model.js";
import { float64Bytes, MODEL_FORMAT } from "../../estimators/model-json.js";
import { checkNames, oneOf } from "../../options.js";
import { bytes, integer, join, type Message, message, text } from "./protobuf.js";

export interface OnnxOptions {
  /**
   * Type of weights and sums. "float64" (default): predictions are those of the package up to the rounding of input and output; a float32 input is cast.
   * "float32": half the size, and runs on WebGPU and WebNN; margins are off by up to (cols + 3)·2⁻²⁴·(Σ|w·x| + |b|).
   */
  readonly precision?: "float64" | "float32";
  /** Type of the input and of probabilities, scores or variable: "float32" (default), or "float64" where 24 bits are too few for the data. */
  readonly input?: "float32" | "float64";
}

const OPSET = 13;
const IR_VERSION = 7;

/** TensorProto.DataType. */
const FLOAT = 1;
const INT64 = 7;
const STRING = 8;
const DOUBLE = 11;

/** AttributeProto.AttributeType. */
const INT = 2;

/** A message of protocol buffers ends below 2 GiB; the last mebibyte is for all but the weights. */
const LARGEST = 2 ** 31 - 2 ** 20;

/** Smallest normal numbers: no sum of probabilities is 0 above them. */
const LEAST = { float64: 2.2250738585072014e-308, float32: 1.1754943508222875e-38 };

const attribute = (name: string, value: number): Message =>
  message(5, text(1, name), integer(3, value), integer(20, INT));

const node = (type: string, inputs: readonly string[], output: string, ...attributes: Message[]): Message =>
  message(
    1,
    inputs.flatMap((name) => text(1, name)),
    text(2, output),
    text(3, output),
    text(4, type),
    ...attributes,
  );

/** A constant; its values are a field of their own kind or raw little-endian bytes. */
const initializer = (name: string, type: number, shape: readonly number[], values: Message): Message =>
  message(
    5,
    shape.flatMap((size) => integer(1, size)),
    integer(2, type),
    values,
    text(8, name),
  );

const raw = (values: Uint8Array): Message => bytes(9, values);

/** ValueInfoProto of an input (field 11) or output (field 12); a string is the name of a size that is known later. */
function value(field: 11 | 12, name: string, type: number, shape: readonly (number | string)[]): Message {
  const sizes = shape.flatMap((size) => message(1, typeof size === "string" ? text(2, size) : integer(1, size)));
  return message(field, text(1, name), message(2, message(1, integer(1, type), message(2, sizes))));
}

function float32Bytes(values: Float64Array, name: string): Uint8Array {
  const rounded = new Uint8Array(4 * values.length);
  const view = new DataView(rounded.buffer);
  values.forEach((x, i) => {
    view.setFloat32(4 * i, x, true);
    if (!Number.isFinite(Math.fround(x))) {
      const advice = 'use precision "float64"';
      throw new BitcenterError("BAD_VALUE", `toOnnx: ${name}[${i}] = ${x} is beyond the range of float32; ${advice}`);
    }
  });
  return rounded;
}

/** The constant that labels are gathered from: int64 for whole numbers, string, or double. */
function classConstant(classes: readonly (number | string)[]): { type: number; constant: Message } {
  const make = (type: number, values: Message) => ({
    type,
    constant: initializer("classes", type, [classes.length], values),
  });
  if (typeof classes[0] === "string") {
    const names = classes as readonly string[];
    const odd = names.find((name) => /\p{Surrogate}/u.test(name));
    if (odd !== undefined) {
      throw new BitcenterError("UNSUPPORTED", `toOnnx: class ${show(odd)} is not well-formed Unicode and has no UTF-8`);
    }
    return make(
      STRING,
      names.flatMap((name) => text(6, name)),
    );
  }
  const numbers = Float64Array.from(classes as readonly number[]);
  if (!numbers.every(Number.isSafeInteger)) return make(DOUBLE, raw(float64Bytes(numbers)));
  const bits = new Uint8Array(8 * numbers.length);
  const view = new DataView(bits.buffer);
  numbers.forEach((label, i) => {
    view.setBigInt64(8 * i, BigInt(label), true);
  });
  return make(INT64, raw(bits));
}

/**
 * `model` as an ONNX file: input "X" [N, cols]; classifiers have the outputs "label" [N] (int64, string, or double where a class is no whole number) and
 * "probabilities" [N, classes] or, for LinearSVC, "scores" [N, outputs]; regression has "variable" [N, 1].
 * @throws BitcenterError BAD_SHAPE, BAD_VALUE for something that is no fitted model or has weights beyond float32 where that is the precision;
 *   BAD_OPTION; UNSUPPORTED for models of 2 GiB
 */
export function toOnnx(model: LinearModel, options: OnnxOptions = {}): Uint8Array {
  const where = "toOnnx";
  checkNames(where, options, ["precision", "input"]);
  const precision = oneOf(where, "precision", options.precision, ["float64", "float32"] as const, "float64");
  const input = oneOf(where, "input", options.input, ["float32", "float64"] as const, "float32");
  if (precision === "float32" && input === "float64") {
    throw new BitcenterError("BAD_OPTION", `${where}: input "float64" with precision "float32" would only be rounded`);
  }
  const { estimator, loss, classes, cols, coef, intercept, featureNames } = checkModel(where, model);
  const outputs = outputsOf({ loss, classes });
  const width = precision === "float64" ? 8 : 4;
  if (coef.length * width > LARGEST) {
    throw new BitcenterError("UNSUPPORTED", `${where}: ${coef.length * width} bytes of weights are over ONNX's 2 GiB`);
  }
  const encode = precision === "float64" ? float64Bytes : float32Bytes;
  const inner = precision === "float64" ? DOUBLE : FLOAT;
  const outer = input === "float64" ? DOUBLE : FLOAT;
  const constant = (name: string, shape: readonly number[], values: Float64Array): Message =>
    initializer(name, inner, shape, raw(encode(values, name)));

  const nodes: Message[] = [];
  const constants = [constant("coef", [outputs, cols], coef), constant("intercept", [outputs], intercept)];
  const results: Message[] = [];
  const add = (type: string, inputs: readonly string[], output: string, ...attributes: Message[]): string => {
    nodes.push(node(type, inputs, output, ...attributes));
    return output;
  };
  /** The last node of an output: `name` in the type that the caller gets. */
  const give = (name: string, from: string, columns: number): void => {
    if (inner === outer) add("Identity", [from], name);
    else add("Cast", [from], name, attribute("to", outer));
    results.push(value(12, name, outer, ["N", columns]));
  };

  const rows = inner === outer ? "X" : add("Cast", ["X"], "rows", attribute("to", inner));
  const margins = add("Gemm", [rows, "coef", "intercept"], "margins", attribute("transB", 1));
  if (classes === null) {
    give("variable", margins, 1);
  } else {
    const isPair = outputs === 1;
    const both = isPair
      ? add("Concat", [add("Neg", [margins], "negative"), margins], "both", attribute("axis", 1))
      : margins;
    const { type, constant: names } = classConstant(classes);
    constants.push(names);
    const place = add("ArgMax", [both], "place", attribute("axis", 1), attribute("keepdims", 0));
    add("Gather", ["classes", place], "label");
    results.push(value(12, "label", type, ["N"]));
    if (estimator === "LinearSVC") {
      give("scores", margins, outputs);
    } else if (loss === "softmax") {
      give("probabilities", add("Softmax", [both], "softmax", attribute("axis", 1)), classes.length);
    } else {
      const each = add("Sigmoid", [both], "sigmoid");
      give("probabilities", isPair ? each : shares(each), classes.length);
    }
  }

  /** Each against the rest, divided by their sum; where all are 0, equal shares. */
  function shares(each: string): string {
    constants.push(constant("least", [1], Float64Array.of(LEAST[precision])));
    constants.push(initializer("axes", INT64, [1], raw(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0))));
    const above = add("Max", [each, "least"], "above");
    const sum = add("ReduceSum", [above, "axes"], "sum", attribute("keepdims", 1));
    return add("Div", [above, sum], "shares");
  }

  const graph = message(
    7,
    ...nodes,
    text(2, MODEL_FORMAT),
    ...constants,
    value(11, "X", outer, ["N", cols]),
    ...results,
  );
  const property = (key: string, of: string): Message => message(14, text(1, key), text(2, of));
  return join(
    integer(1, IR_VERSION),
    text(2, MODEL_FORMAT),
    graph,
    message(8, text(1, ""), integer(2, OPSET)),
    property("estimator", estimator),
    property("loss", loss),
    ...(featureNames === null ? [] : [property("featureNames", JSON.stringify(featureNames))]),
  );
}
