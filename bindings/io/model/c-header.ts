// A C header that predicts in integers alone: C99 and C++, no floating point, no allocation, nothing included but stdint.h. What it computes, and why
// nothing overflows, stands in quantized.ts.
import { BitcenterError, show } from "../../errors.js";
import type { LinearModel } from "../../estimators/linear-model.js";
import { QuantizedModel, type QuantizeOptions } from "./quantized.js";

export interface CHeaderOptions extends QuantizeOptions {
  /** What every name in the header begins with: a letter, then letters, digits and underscores; at most 40 (default "model"). */
  readonly name?: string;
}

/** C99 promises 4095 characters in a string literal. */
const LONGEST_TEXT = 4095;

/** A string literal: what is not plain ASCII is octal, whose escapes end after three digits; no trigraph can arise. */
function literal(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const isOdd = /\p{Surrogate}/u.test(text) || text.includes("\0");
  if (isOdd || bytes.length > LONGEST_TEXT) {
    const expected = `expected well-formed Unicode without NUL and at most ${LONGEST_TEXT} bytes`;
    throw new BitcenterError("UNSUPPORTED", `toCHeader: class ${show(text)} cannot be a C string: ${expected}`);
  }
  const escaped = Array.from(bytes, (byte) => {
    const letter = String.fromCharCode(byte);
    if (byte < 32 || byte > 126) return `\\${byte.toString(8).padStart(3, "0")}`;
    return letter === '"' || letter === "\\" || letter === "?" ? `\\${letter}` : letter;
  });
  return `"${escaped.join("")}"`;
}

/** The initialiser of an array, wrapped; `end` closes a line (a backslash in macros). */
function list(items: Iterable<number | string>, end = ""): string {
  const lines: string[] = [];
  let line = "   ";
  for (const item of items) {
    if (line.length + String(item).length > 105) {
      lines.push(line);
      line = "   ";
    }
    line += ` ${item},`;
  }
  return [...lines, line.slice(0, -1)].join(`${end}\n`);
}

/** A float64 as a C constant of type double. */
function real(x: number): string {
  const text = String(x);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

const isInt32 = (x: unknown): x is number => typeof x === "number" && x === (x | 0);

/** −2³¹ has no literal of its own in C. */
const int32 = (x: number): string => (x === -(2 ** 31) ? "(-2147483647 - 1)" : String(x));

function tables({ classes }: QuantizedModel, name: string): string {
  if (classes === null) return "";
  const pick = (type: string, what: string, items: Iterable<string>, none: string): string => `
static inline ${type}${name}_${what}(int32_t place) {
  static ${type === "int32_t " ? "const int32_t " : "const char *const "}table[${classes.length}] = {
${list(items)}
  };
  return place >= 0 && place < ${classes.length} ? table[place] : ${none};
}
`;
  const names = pick(
    "const char *",
    "class_name",
    classes.map((label) => literal(String(label))),
    '""',
  );
  const about = `\n/* The class at a place that ${name}_predict returned. */`;
  if (!classes.every(isInt32)) return about + names;
  return (
    about +
    names +
    pick(
      "int32_t ",
      "class",
      classes.map((label) => int32(label as number)),
      "0",
    )
  );
}

/** Division by a power of two, half away from zero, without the shift of a negative number that C leaves open. */
function regression(name: string, unit: bigint): string {
  const body =
    unit === 1n
      ? "return (int32_t)score;"
      : `return (int32_t)(score >= 0 ? (score + ${unit / 2n}) / ${unit} : -((${unit / 2n} - score) / ${unit}));`;
  return `
/* The value times 2^fraction_bits, rounded. */
static inline int32_t ${name}_predict(const ${name}_code *codes) {
  const int64_t score = ${name}_score(codes, 0);
  ${body}
}
`;
}

function classifier(name: string, outputs: number): string {
  const binary = `  return ${name}_score(codes, 0) > 0 ? 1 : 0;`;
  const largest = `  int64_t best = ${name}_score(codes, 0);
  int32_t place = 0;
  int32_t k;
  for (k = 1; k < ${outputs}; k++) {
    const int64_t score = ${name}_score(codes, k);
    if (score > best) {
      best = score;
      place = k;
    }
  }
  return place;`;
  return `
/* The place of the predicted class. */
static inline int32_t ${name}_predict(const ${name}_code *codes) {
${outputs === 1 ? binary : largest}
}
`;
}

function about(model: QuantizedModel, name: string): string {
  const { cols, outputs, codes, classes, agreement, shift } = model;
  const sums = Math.max(...model.largestSum);
  const bound = Math.max(...model.marginError).toPrecision(3);
  const NAME = name.toUpperCase();
  const lines = [
    `${name}: ${model.estimator} (${model.loss}), ${cols} columns, ${classes === null ? "regression" : `${classes.length} classes`}. Written by bitcenter; do not edit.`,
    "Integers only: C99 or C++, stdint.h, no allocation, no floating point.",
    "",
    `Input: an array of ${cols} codes of type ${codes}_t. Code c of column j stands for the value scale[j] * c + offset[j].`,
    "  From values in the model's units: c = round((value - offset[j]) / scale[j]), then the nearest code of the type.",
    `  The numbers are the macros ${NAME}_INPUT_SCALES and ${NAME}_INPUT_OFFSETS: initialisers for arrays of float or`,
    "  double. They are the only real numbers here, and code that does not name them has none.",
    "",
    classes === null
      ? `Result: ${name}_predict(codes) is the value times 2^${model.fractionBits} (${NAME}_FRACTION_BITS), rounded.`
      : `Result: ${name}_predict(codes) is the place of the class, ${name}_class_name(place) its name.`,
    `  ${name}_score(codes, k) / 2^${shift} (${NAME}_SHIFT) is the margin of output k${outputs === 1 && classes !== null ? ", above 0 for the class at place 1" : ""}.`,
    "",
    "No overflow, whatever the codes: |bias| + sum of |weight| * |largest code| is at most",
    `  ${sums} <= 2147483647 = 2^31 - 1 in every sum, and a score below 2^62.`,
    `Rounding of the weights moves a margin by at most ${bound}, for any codes.`,
  ];
  if (agreement !== null) {
    const share = agreement.labels === null ? "" : `${(100 * agreement.labels).toFixed(2)} % of the labels and `;
    const last = `${share}margins within ${agreement.margin.toPrecision(3)}.`;
    lines.push(`On ${agreement.rows} sample rows it agrees with the float64 model in`, `  ${last}`);
  }
  return `/*\n${lines.map((line) => ` * ${line}`.trimEnd()).join("\n")}\n */`;
}

/**
 * `model` as a C header with the functions NAME_predict, NAME_score and, for classifiers, NAME_class_name and NAME_class (labels that are int32), all static
 * inline. They compute what `quantizedModel(model, options)` does, bit for bit: try it there before anything is flashed.
 * @throws BitcenterError as `quantizedModel`; BAD_OPTION for a name that is no C identifier; UNSUPPORTED for a class that cannot be a C string
 */
export function toCHeader(model: LinearModel, options: CHeaderOptions = {}): string {
  const { name = "model", ...rest } = options;
  if (typeof name !== "string" || !/^[A-Za-z][A-Za-z0-9_]{0,39}$/.test(name)) {
    const expected = "a letter and then at most 39 letters, digits and underscores";
    throw new BitcenterError("BAD_OPTION", `toCHeader: name must be ${expected}, given ${show(name)}`);
  }
  const quantized = new QuantizedModel(model, rest, "toCHeader");
  const { cols, outputs, classes, weights, bias, multiplier, inputScale, inputOffset } = quantized;
  const NAME = name.toUpperCase();
  const guard = `BITCENTER_${NAME}_H`;
  const weightType = weights instanceof Int8Array ? "int8_t" : "int16_t";
  const unit = 1n << BigInt(quantized.shift - quantized.fractionBits);
  return `${about(quantized, name)}
#ifndef ${guard}
#define ${guard}

#include <stdint.h>

#define ${NAME}_COLS ${cols}
#define ${NAME}_OUTPUTS ${outputs}
#define ${NAME}_SHIFT (${quantized.shift})
#define ${classes === null ? `${NAME}_FRACTION_BITS (${quantized.fractionBits})` : `${NAME}_CLASSES ${classes.length}`}
#define ${NAME}_INPUT_SCALES { \\
${list(Array.from(inputScale, real), " \\")} }
#define ${NAME}_INPUT_OFFSETS { \\
${list(Array.from(inputOffset, real), " \\")} }

typedef ${quantized.codes}_t ${name}_code;

/* Score of output k, from 0 to ${outputs - 1}. */
static inline int64_t ${name}_score(const ${name}_code *codes, int32_t k) {
  static const ${weightType} weights[${outputs * cols}] = {
${list(weights)}
  };
  static const int32_t bias[${outputs}] = {
${list(bias)}
  };
  static const int32_t multiplier[${outputs}] = {
${list(multiplier)}
  };
  const ${weightType} *weight = weights + k * (int32_t)${cols};
  int32_t sum = bias[k];
  int32_t j;
  for (j = 0; j < ${cols}; j++) sum += (int32_t)weight[j] * (int32_t)codes[j];
  return (int64_t)sum * multiplier[k];
}
${classes === null ? regression(name, unit) : classifier(name, outputs)}${tables(quantized, name)}
#endif /* ${guard} */
`;
}
