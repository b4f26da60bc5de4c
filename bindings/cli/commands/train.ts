// bitcenter train DATA: fit, say how it went, save.
import { BitcenterError } from "../../errors.js";
import type { FitReport } from "../../estimators/fit-report.js";
import { type Estimator, saveModel } from "../../node/model-file.js";
import { checkWritable } from "../../node/write-file.js";
import type { Arguments } from "../arguments.js";
import { type Host, INTERRUPTED, OK } from "../command.js";
import { estimatorOf, solverOf } from "../estimator.js";
import { type Labelled, loadLabelled, NOTHING } from "../load.js";
import { classification, regression } from "../measures.js";
import { progressBar, shortNumber, textList } from "../terminal.js";

export async function train(args: Arguments, host: Host): Promise<number> {
  const [path] = args.operands as [string];
  // wrong options and a folder that cannot be written are found before hours of work
  const model = estimatorOf("train", args, solverOf("train", args));
  const out = args.text("out");
  if (out !== undefined) checkWritable(out);
  const controller = new AbortController();
  const release = host.onInterrupt(() => controller.abort());
  try {
    return await trainAndReport(path, model, args, host, controller.signal);
  } finally {
    release();
  }
}

async function trainAndReport(
  path: string,
  model: Estimator,
  args: Arguments,
  host: Host,
  signal: AbortSignal,
): Promise<number> {
  const out = args.text("out");
  const started = performance.now();
  const isRegression = !model.isClassifier;
  const data = await loadLabelled(path, args, { ...NOTHING, isRegression });
  const test = args.text("test");
  const { featureNames, firstIndex } = data;
  const classes = isRegression ? null : new Set(data.y);
  const expected = { cols: data.X.cols, featureNames, isRegression, classes, firstIndex };
  const testData = test === undefined ? null : await loadLabelled(test, args, expected, args.text("test-labels"));
  const loadSeconds = (performance.now() - started) / 1000;

  const isComplete = await fitted(model, data, host, signal);
  if (out !== undefined && model.isFitted) saveModel(model, out);
  // what is said to be in a file is there
  if (!isComplete) host.stderr.write(`bitcenter: interrupted; ${whatIsLeft(model, out)}\n`);
  if (!model.isFitted) return INTERRUPTED;
  const report = model.report as FitReport;
  const measured = testData === null ? {} : measure(model, testData);
  const { rows, cols } = data.X;
  const facts = {
    objective: report.objective,
    gradientNorm: report.gradientNorm,
    passes: report.passes,
    exactPasses: report.exactPasses,
    seconds: report.seconds,
    loadSeconds,
    rows,
    cols,
    classes: model.classes,
    bytes: report.bytes,
    variant: report.variant,
    solver: report.solver,
    isConverged: report.isConverged,
    ...measured,
    ...(out === undefined ? {} : { out }),
  };
  if (args.has("json")) host.stdout.write(`${JSON.stringify(facts)}\n`);
  else host.stdout.write(`${textList(summary(facts))}\n`);
  return isComplete ? OK : INTERRUPTED;
}

function whatIsLeft(model: Estimator, out: string | undefined): string {
  if (!model.isFitted) return "no outer step was finished, so there is nothing to save";
  if (out === undefined) return "nothing was saved, for lack of --out";
  return `the model of the last finished outer step is in ${out}`;
}

/** False when Ctrl-C ended it; the model is then that of the last finished outer step, if there is one. */
async function fitted(
  model: Estimator,
  { X, y, featureNames, firstIndex }: Labelled,
  host: Host,
  signal: AbortSignal,
): Promise<boolean> {
  const bar = progressBar("training", host.stderr);
  try {
    // the labels are of the kind that the estimator takes: loadLabelled has seen to it
    await model.fit(X, y as never, {
      signal,
      firstIndex,
      ...(featureNames === null ? {} : { featureNames }),
      onProgress: ({ fraction, objective, outerStep }) =>
        bar.show(fraction, `outer step ${outerStep}, objective ${shortNumber(objective)}`),
    });
    return true;
  } catch (error) {
    if (error instanceof BitcenterError && error.code === "ABORTED") return false;
    throw error;
  } finally {
    bar.clear();
  }
}

/** accuracy, or rmse. */
function measure(model: Estimator, { X, y }: Labelled): { accuracy: number } | { rmse: number } {
  const predicted = model.predict(X);
  return model.classes === null
    ? { rmse: regression(predicted as Float64Array, y as Float64Array).rmse }
    : { accuracy: classification(predicted, y, model.classes).accuracy };
}

interface Facts {
  readonly rows: number;
  readonly cols: number;
  readonly classes: readonly (number | string)[] | null;
  readonly objective: number;
  readonly gradientNorm: number;
  readonly passes: number;
  readonly exactPasses: number;
  readonly seconds: number;
  readonly loadSeconds: number;
  readonly bytes: number;
  readonly solver: string;
  readonly variant: string;
  readonly isConverged: boolean;
  readonly accuracy?: number;
  readonly rmse?: number;
  readonly out?: string;
}

/** At most so many class names on a line. */
const SHOWN_CLASSES = 12;

export function shownClasses(classes: readonly (number | string)[]): string {
  const names = classes.slice(0, SHOWN_CLASSES).join(", ");
  return classes.length > SHOWN_CLASSES ? `${classes.length}: ${names}, …` : names;
}

function summary(facts: Facts): (readonly [string, string])[] {
  const { accuracy, rmse } = facts;
  const steps = `${shortNumber(facts.passes, 3)} passes on integers, ${facts.exactPasses} exact`;
  return [
    ["rows × columns", `${facts.rows} × ${facts.cols}`],
    ...(facts.classes === null ? [] : ([["classes", shownClasses(facts.classes)]] as const)),
    ["solver", `${facts.solver}, ${facts.variant} SIMD: ${steps}`],
    ["objective", shortNumber(facts.objective, 9)],
    ["gradient norm", `${shortNumber(facts.gradientNorm)}${facts.isConverged ? "" : " (not converged)"}`],
    ["time", `${shortNumber(facts.seconds, 3)} s, after ${shortNumber(facts.loadSeconds, 3)} s of loading`],
    ["memory", `${shortNumber(facts.bytes / 1e6, 3)} MB`],
    ...(accuracy === undefined ? [] : ([["test accuracy", shortNumber(accuracy, 6)]] as const)),
    ...(rmse === undefined ? [] : ([["test rmse", shortNumber(rmse, 6)]] as const)),
    ...(facts.out === undefined ? [] : ([["saved to", facts.out]] as const)),
  ];
}
