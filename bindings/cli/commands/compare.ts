// bitcenter compare DATA: every solver on the same problem, side by side.
import { BitcenterError } from "../../errors.js";
import type { FitReport } from "../../estimators/fit-report.js";
import type { SolverName } from "../../estimators/options.js";
import type { Estimator } from "../../node/model-file.js";
import { type Arguments, UsageError } from "../arguments.js";
import { type Host, INTERRUPTED, OK } from "../command.js";
import { estimatorOf } from "../estimator.js";
import { inFlags } from "../flags.js";
import { type Labelled, loadLabelled, NOTHING } from "../load.js";
import { progressBar, shortNumber, textTable } from "../terminal.js";

/** Passes that a stochastic solver gets: what does not converge in so many is not worth waiting for in a comparison. */
const MOST_PASSES = 100;

interface Contestant {
  readonly name: string;
  readonly solver: SolverName;
  readonly more?: object;
}

const CONTESTANTS: readonly Contestant[] = [
  { name: "auto", solver: "auto" },
  { name: "newton", solver: "newton" },
  { name: "halp, 8 bits", solver: "halp", more: { bits: 8 } },
  { name: "halp, 16 bits", solver: "halp", more: { bits: 16 } },
  { name: "saga", solver: "saga" },
  { name: "svrg (float32)", solver: "svrg" },
  { name: "sgd (float32)", solver: "sgd" },
  { name: "lp-svrg", solver: "lp-svrg" },
  { name: "lp-sgd", solver: "lp-sgd" },
  { name: "zipml", solver: "zipml" },
];

/** An option that only this solver refuses, and divergence before anything was learnt. */
const REFUSALS: ReadonlySet<string> = new Set(["BAD_OPTION", "BAD_VALUE"]);

interface Row {
  readonly solver: string;
  readonly objective?: number;
  readonly gradientNorm?: number;
  readonly passes?: number;
  readonly exactPasses?: number;
  readonly seconds?: number;
  readonly isConverged?: boolean;
  /** Why a solver does not take this problem. */
  readonly refused?: string;
}

export async function compare(args: Arguments, host: Host): Promise<number> {
  const [path] = args.operands as [string];
  // options are checked before the file is read
  const judge = estimatorOf("compare", args, "auto");
  const data = await loadLabelled(path, args, { ...NOTHING, isRegression: !judge.isClassifier });
  const controller = new AbortController();
  const release = host.onInterrupt(() => controller.abort());
  const bar = progressBar("comparing", host.stderr);
  const rows: Row[] = [];
  try {
    for (const [i, { name, solver, more }] of CONTESTANTS.entries()) {
      const isOwn = solver === "auto" || solver === "newton";
      const passes = isOwn || args.text("max-passes") !== undefined ? {} : { maxPasses: MOST_PASSES };
      const make = () => estimatorOf("compare", args, solver, { ...more, ...passes });
      const progress = (fraction: number) => bar.show((i + fraction) / CONTESTANTS.length, name);
      rows.push(await contest(name, make, data, controller.signal, progress, i > 0));
      if (controller.signal.aborted) break;
    }
  } finally {
    release();
    bar.clear();
  }
  if (args.has("json"))
    host.stdout.write(`${JSON.stringify({ rows: data.X.rows, cols: data.X.cols, solvers: rows })}\n`);
  else host.stdout.write(`${table(rows)}\n`);
  return controller.signal.aborted ? INTERRUPTED : OK;
}

/** mayRefuse: options and data that the first solver has taken may be too much for this one, as may its own steps: a line of the table, not the end of it. */
async function contest(
  name: string,
  make: () => Estimator,
  { X, y }: Labelled,
  signal: AbortSignal,
  progress: (fraction: number) => void,
  mayRefuse: boolean,
): Promise<Row> {
  let model: Estimator | null = null;
  try {
    model = make();
    await model.fit(X, y as never, { signal, onProgress: ({ fraction }) => progress(fraction) });
  } catch (error) {
    if (error instanceof UsageError && mayRefuse) return { solver: name, refused: error.message };
    if (!(error instanceof BitcenterError)) throw error;
    if (error.code === "UNSUPPORTED" || (mayRefuse && REFUSALS.has(error.code)))
      return { solver: name, refused: inFlags("compare", error.message) };
    if (error.code !== "ABORTED") throw error;
    if (!model?.isFitted) return { solver: name, refused: "interrupted" };
  }
  const { objective, gradientNorm, passes, exactPasses, seconds, isConverged } = model.report as FitReport;
  return { solver: name, objective, gradientNorm, passes, exactPasses, seconds, isConverged };
}

function table(rows: readonly Row[]): string {
  const best = Math.min(...rows.map(({ objective }) => objective ?? Number.POSITIVE_INFINITY));
  const head = ["solver", "objective", "above best", "gradient norm", "passes", "exact", "seconds", "converged"];
  const cells = rows.map((row) => {
    if (row.objective === undefined) return [row.solver, "–", ...Array(head.length - 2).fill("")];
    const above = row.objective - best;
    return [
      row.solver,
      shortNumber(row.objective, 9),
      above === 0 ? "0" : above.toExponential(1),
      (row.gradientNorm as number).toExponential(1),
      shortNumber(row.passes as number, 3),
      String(row.exactPasses),
      shortNumber(row.seconds as number, 3),
      row.isConverged ? "yes" : "no",
    ];
  });
  const refusals = rows.flatMap(({ solver, refused }) => (refused === undefined ? [] : [`${solver}: ${refused}`]));
  return [textTable(head, cells), ...(refusals.length === 0 ? [] : ["", ...refusals])].join("\n");
}
