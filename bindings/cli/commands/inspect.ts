// bitcenter inspect MODEL|DATA: what is in a file, without training on it.
import type { DenseMatrix, NumericArray, SparseMatrix } from "../../data/matrix.js";
import { profileCsv } from "../../io/csv/csv.js";
import type { ColumnProfile, CsvProfile } from "../../io/csv/profile.js";
import { decimalOf } from "../../io/decimal.js";
import { peek } from "../../io/source.js";
import { isModelHead } from "../../node/foreign.js";
import { type Estimator, loadModel } from "../../node/model-file.js";
import { openFile } from "../../node/open.js";
import { type FileData, formatOfName, readOpened, tableOptions, withFormat } from "../../node/read-file.js";
import type { Arguments } from "../arguments.js";
import { type Host, OK } from "../command.js";
import { labelsAreIn } from "../load.js";
import { shortNumber, textList, textTable } from "../terminal.js";
import { shownClasses } from "./train.js";

/** Coefficients shown, by size. */
const SHOWN_COEFFICIENTS = 10;
/** More distinct labels than this are targets of a regression. */
const MOST_CLASSES = 50;
/** Columns of a table, and values of a column of text, that are shown. */
const SHOWN_COLUMNS = 40;
const SHOWN_VALUES = 5;

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

/** Told from the contents: names of data files speak for themselves. */
async function isModel(path: string, args: Arguments): Promise<boolean> {
  if (path === "-" || args.text("format") !== undefined || formatOfName(path) !== null) return false;
  const { head, all } = await peek(openFile(path)[Symbol.asyncIterator]() as AsyncGenerator<Uint8Array, void>, 64);
  await all.return(undefined);
  return isModelHead(head);
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
  const options = labelsAreIn(args);
  return withFormat(path, options, async (file) => {
    const isTable = file.format === "csv" || file.format === "tsv";
    // with columns of 0 and 1, or labels from elsewhere, it is the matrix that is asked for
    if (isTable && options.oneHot === undefined && options.labels === undefined) {
      return tableFacts(file.format, await profileCsv(file.source, tableOptions(file, options)));
    }
    return matrixFacts(await readOpened(file, options));
  });
}

function matrixFacts({ X, y, format, featureNames, firstIndex }: FileData): Facts {
  const { data } = X as { data: NumericArray };
  let [low, high, nonzeros] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const x of data) {
    if (x < low) low = x;
    if (x > high) high = x;
    if (x !== 0) nonzeros++;
  }
  const values = X.rows * X.cols;
  // entries that are not stored are 0, and so is the range of nothing
  if (data.length < values || values === 0) [low, high] = [Math.min(low, 0), Math.max(high, 0)];
  const density = values === 0 ? 0 : nonzeros / values;
  const labels = y === null ? null : labelFacts(countsOf(y), y.length);
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
    ...(firstIndex === null ? {} : { firstIndex }),
  };
  const pairs: (readonly [string, string])[] = [
    ["data", `${format}, ${X.rows} rows × ${X.cols} columns`],
    ["values", `${isSparse(X) ? "sparse " : ""}${data.constructor.name}, ${shortNumber(low)} to ${shortNumber(high)}`],
    ["not 0", `${nonzeros} (${shortNumber(100 * density, 3)} %)`],
    ...(firstIndex === null ? [] : ([["first index", String(firstIndex)]] as const)),
    ["labels", labels === null ? "none" : shownLabels(labels)],
    ...(featureNames === null ? [] : ([["columns", shownClasses(featureNames)]] as const)),
  ];
  return { json, text: textList(pairs) };
}

type Kind = "number" | "text" | "mixed" | "missing";

function kindOf({ numbers, texts }: ColumnProfile): Kind {
  if (numbers > 0 && texts > 0) return "mixed";
  return numbers > 0 ? "number" : texts > 0 ? "text" : "missing";
}

/** Tables may hold what no model takes: text, and nothing at all. Here that is what there is to be said. */
function tableFacts(format: string, { rows, columns, label, storage }: CsvProfile): Facts {
  const features = columns.filter((_, j) => j !== label);
  const filled = features.filter(({ numbers }) => numbers > 0);
  const nonzeros = features.reduce((sum, column) => sum + column.nonzeros, 0);
  const values = rows * features.length;
  const density = values === 0 ? 0 : nonzeros / values;
  const min = filled.length === 0 ? 0 : Math.min(...filled.map((column) => column.min));
  const max = filled.length === 0 ? 0 : Math.max(...filled.map((column) => column.max));
  const hasHeader = columns.some(({ name }) => name !== null);
  const own = label === null ? null : (columns[label] as ColumnProfile);
  const labels = own === null ? null : columnLabels(own, rows);
  const described = columns.map((column, j) => ({
    name: column.name,
    index: j,
    kind: kindOf(column),
    ...(column.numbers > 0 ? { min: column.min, max: column.max, mean: column.mean } : {}),
    numbers: column.numbers,
    texts: column.texts,
    missing: column.missing,
    distinct: column.counts?.size ?? null,
  }));
  const featureNames = hasHeader ? features.map(({ name }) => name) : null;
  const json = {
    kind: "data",
    format,
    rows,
    cols: features.length,
    isSparse: false,
    storage,
    nonzeros,
    density,
    min,
    max,
    labels,
    featureNames,
    label,
    columns: described,
  };
  const last = columns.at(-1)?.name;
  const pairs: (readonly [string, string])[] = [
    ["data", `${format}, ${rows} rows × ${features.length} columns${hasHeader ? "" : ", no header"}`],
    ...(filled.length === 0
      ? []
      : ([
          ["values", `${storage}, ${shortNumber(min)} to ${shortNumber(max)}`],
          ["not 0", `${nonzeros} (${shortNumber(100 * density, 3)} %)`],
        ] as const)),
    [
      "labels",
      labels === null
        ? `none asked for with --label; train and evaluate take the last column${typeof last === "string" ? `, "${last}"` : ""}`
        : shownLabels(labels),
    ],
  ];
  const lines = columns.slice(0, SHOWN_COLUMNS).map((column, j): readonly [string, string] => {
    const name = column.name === null ? `${j}` : `${j} ${column.name}`;
    return [name, `${shownColumn(column)}${j === label ? " (label)" : ""}`];
  });
  const rest = columns.length > SHOWN_COLUMNS ? `\n… and ${columns.length - SHOWN_COLUMNS} more` : "";
  return { json, text: `${textList(pairs)}\n\n${textList([["column", "holds"], ...lines])}${rest}` };
}

/** A column in words: its kind, range or values, and how many are missing. */
function shownColumn(column: ColumnProfile): string {
  const { numbers, texts, missing, min, max, counts } = column;
  const range = min === max ? `always ${shortNumber(min)}` : `${shortNumber(min)} to ${shortNumber(max)}`;
  const different = counts === null ? "many" : String(counts.size);
  const examples = (): string =>
    counts === null
      ? ""
      : `: ${shownClasses([...counts.keys()].slice(0, SHOWN_VALUES))}${counts.size > SHOWN_VALUES ? ", …" : ""}`;
  const said = {
    number: `number, ${range}`,
    text: `text, ${different} different${examples()}`,
    mixed: `mixed, numbers (${numbers}) and text (${texts})`,
    missing: "nothing",
  }[kindOf(column)];
  return missing > 0 ? `${said}, ${missing} missing` : said;
}

const isSparse = (X: DenseMatrix | SparseMatrix): X is SparseMatrix => "indptr" in X;

type LabelFacts =
  | { readonly kind: "classes"; readonly counts: readonly { readonly label: number | string; readonly rows: number }[] }
  | { readonly kind: "numbers"; readonly min: number; readonly max: number; readonly mean: number };

type Counts = ReadonlyMap<number | string, number>;

function countsOf(y: Float64Array | string[]): Counts {
  const counts = new Map<number | string, number>();
  for (const label of y) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

function labelFacts(counts: Counts, rows: number): LabelFacts {
  const all = [...counts];
  if (counts.size > MOST_CLASSES && all.every(([label]) => typeof label === "number")) {
    const numbers = all as [number, number][];
    const least = numbers.reduce((a, [x]) => Math.min(a, x), Number.POSITIVE_INFINITY);
    const most = numbers.reduce((a, [x]) => Math.max(a, x), Number.NEGATIVE_INFINITY);
    return { kind: "numbers", min: least, max: most, mean: numbers.reduce((a, [x, n]) => a + x * (n / rows), 0) };
  }
  const order = all.sort(([a], [b]) => (a < b ? -1 : 1));
  return { kind: "classes", counts: order.map(([label, count]) => ({ label, rows: count })) };
}

/** Labels as readers take them: numbers where all of them are, else texts as they are written. */
function columnLabels({ texts, min, max, mean, counts }: ColumnProfile, rows: number): LabelFacts {
  // more labels than are told apart: targets, or names of rows
  if (counts === null) return texts === 0 ? { kind: "numbers", min, max, mean } : { kind: "classes", counts: [] };
  if (texts > 0) return labelFacts(counts, rows);
  const numbers = new Map<number, number>();
  for (const [text, count] of counts) numbers.set(decimalOf(text), (numbers.get(decimalOf(text)) ?? 0) + count);
  return labelFacts(numbers, rows);
}

function shownLabels(facts: LabelFacts): string {
  if (facts.kind === "numbers") {
    return `numbers from ${shortNumber(facts.min)} to ${shortNumber(facts.max)}, mean ${shortNumber(facts.mean)}`;
  }
  if (facts.counts.length === 0) return "text, too many different to count";
  return shownClasses(facts.counts.map(({ label, rows }) => `${label} (${rows})`));
}
