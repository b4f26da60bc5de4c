// bitcenter inspect MODEL|DATA: what is in a file, without training on it.
import { open } from "node:fs/promises";
import type { DenseMatrix, NumericArray, SparseMatrix } from "../../data/matrix.js";
import { type Estimator, loadModel } from "../../node/model-file.js";
import { fail } from "../../node/open.js";
import { formatOfName, readFile } from "../../node/read-file.js";
import type { Arguments } from "../arguments.js";
import { labelsAreIn } from "../load.js";
import { type Host, OK } from "../run.js";
import { shortNumber, textList, textTable } from "../terminal.js";
import { shownClasses } from "./train.js";

/** Coefficients shown, by size. */
const SHOWN_COEFFICIENTS = 10;
/** More distinct labels than this are targets of a regression. */
const MOST_CLASSES = 50;

export async function inspect(args: Arguments, host: Host): Promise<number> {
  const [path] = args.operands as [string];
  const facts = (await isModel(path, args)) ? modelFacts(await loadModel(path)) : await dataFacts(path, args);
  host.stdout.write(`${args.has("json") ? JSON.stringify(facts.json) : facts.text}\n`);
  return OK;
}

interface Facts {
  readonly json: object;
  readonly text: string;
}

/** Models begin with a brace, LIBLINEAR's first word, or the length of safetensors' header and a brace. */
async function isModel(path: string, args: Arguments): Promise<boolean> {
  if (path === "-" || args.text("format") !== undefined || formatOfName(path) !== null) return false;
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(new Uint8Array(64), 0, 64, 0);
      const text = new TextDecoder("latin1").decode(buffer.subarray(0, bytesRead));
      return text.trimStart().startsWith("{") || text.startsWith("solver_type ") || text[8] === "{";
    } finally {
      await file.close();
    }
  } catch (error) {
    return fail(path, error);
  }
}

function modelFacts(model: Estimator): Facts {
  const { estimator, loss, classes, cols, coef, intercept, featureNames, firstIndex, report } = model;
  const nonzeros = coef.reduce((count, w) => count + (w === 0 ? 0 : 1), 0);
  const json = {
    kind: "model",
    estimator,
    loss,
    classes,
    cols,
    outputs: intercept.length,
    nonzeros,
    firstIndex,
    options: model.options,
    report,
  };
  const pairs: (readonly [string, string])[] = [
    ["model", `${estimator}, loss ${loss}`],
    ...(classes === null ? [] : ([["classes", shownClasses(classes)]] as const)),
    ["weights", `${intercept.length} × ${cols}, ${nonzeros} of them not 0`],
    [
      "intercept",
      Array.from(intercept.subarray(0, 8), (b) => shortNumber(b)).join(", ") + (intercept.length > 8 ? ", …" : ""),
    ],
    ...(firstIndex === null ? [] : ([["first index", `${firstIndex} (LIBSVM)`]] as const)),
    ...(report === null
      ? []
      : ([
          ["trained", `${report.solver}, ${report.rows} rows, objective ${shortNumber(report.objective, 9)}`],
        ] as const)),
  ];
  const largest = Array.from(coef.keys())
    .sort((a, b) => Math.abs(coef[b] as number) - Math.abs(coef[a] as number) || a - b)
    .slice(0, SHOWN_COEFFICIENTS);
  const nameOf = (j: number): string => featureNames?.[j] ?? `column ${j}`;
  const rows = largest.map((i) => {
    const output = classes !== null && intercept.length > 1 ? `${classes[Math.floor(i / cols)]}: ` : "";
    return [`${output}${nameOf(i % cols)}`, shortNumber(coef[i] as number)];
  });
  return { json, text: `${textList(pairs)}\n\n${textTable(["largest coefficients", ""], rows)}` };
}

async function dataFacts(path: string, args: Arguments): Promise<Facts> {
  const { X, y, format, featureNames } = await readFile(path, labelsAreIn(args));
  const { data } = X as { data: NumericArray };
  let [low, high, nonzeros] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const x of data) {
    if (x < low) low = x;
    if (x > high) high = x;
    if (x !== 0) nonzeros++;
  }
  const values = X.rows * X.cols;
  if (isSparse(X) && data.length < values) [low, high] = [Math.min(low, 0), Math.max(high, 0)];
  const density = values === 0 ? 0 : nonzeros / values;
  const labels = y === null ? null : labelFacts(y);
  const json = {
    kind: "data",
    format,
    rows: X.rows,
    cols: X.cols,
    isSparse: isSparse(X),
    storage: data.constructor.name,
    nonzeros,
    density,
    min: low,
    max: high,
    labels,
    featureNames,
  };
  const pairs: (readonly [string, string])[] = [
    ["data", `${format}, ${X.rows} rows × ${X.cols} columns`],
    ["values", `${isSparse(X) ? "sparse " : ""}${data.constructor.name}, ${shortNumber(low)} to ${shortNumber(high)}`],
    ["not 0", `${nonzeros} (${shortNumber(100 * density, 3)} %)`],
    ["labels", labels === null ? "none" : shownLabels(labels)],
    ...(featureNames === null ? [] : ([["columns", shownClasses(featureNames)]] as const)),
  ];
  return { json, text: textList(pairs) };
}

const isSparse = (X: DenseMatrix | SparseMatrix): X is SparseMatrix => "indptr" in X;

type LabelFacts =
  | { readonly kind: "classes"; readonly counts: readonly { readonly label: number | string; readonly rows: number }[] }
  | { readonly kind: "numbers"; readonly min: number; readonly max: number; readonly mean: number };

function labelFacts(y: Float64Array | string[]): LabelFacts {
  const counts = new Map<number | string, number>();
  for (const label of y) {
    counts.set(label, (counts.get(label) ?? 0) + 1);
    if (counts.size > MOST_CLASSES && typeof label === "number") {
      const numbers = y as Float64Array;
      const [min, max, sum] = numbers.reduce(
        ([a, b, s], x) => [Math.min(a, x), Math.max(b, x), s + x] as [number, number, number],
        [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0] as [number, number, number],
      );
      return { kind: "numbers", min, max, mean: sum / numbers.length };
    }
  }
  const order = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return { kind: "classes", counts: order.map(([label, rows]) => ({ label, rows })) };
}

function shownLabels(facts: LabelFacts): string {
  if (facts.kind === "numbers") {
    return `numbers from ${shortNumber(facts.min)} to ${shortNumber(facts.max)}, mean ${shortNumber(facts.mean)}`;
  }
  return shownClasses(facts.counts.map(({ label, rows }) => `${label} (${rows})`));
}
