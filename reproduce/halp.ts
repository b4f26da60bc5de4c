// `npm start`: the paper's claim on this machine. Low-precision SGD and SVRG stall at a noise floor; HALP, whose grid shrinks with the gradient,
// keeps converging like full-precision SVRG, on integers.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { textTable } from "../bindings/cli/terminal.js";
import { BitcenterError } from "../bindings/index.js";
import { compare } from "./compare.js";
import { parseOptions, type StartOptions, USAGE } from "./options.js";
import { type Report, renderReport, type Task } from "./report.js";
import { mnist, regression, renderedDigits, type TaskInput } from "./tasks.js";
import { progressBar, scientific } from "./terminal.js";

const NOTE =
  "gap and gradient norm: relative to the start; passes: stochastic ones; × float32: above 1 is faster. With few columns a step is all latency and\n" +
  "integers gain nothing; they do with many columns, several classes, or data larger than the caches.";

/** The table of one task. Gap and gradient norm are relative to the start. */
function table(task: Task): string {
  const hasAccuracy = task.solvers.some(({ final }) => final.accuracy !== undefined);
  const head = [
    "solver",
    "gap",
    "gradient norm",
    ...(hasAccuracy ? ["test accuracy"] : []),
    "passes",
    "ms/pass",
    "× float32",
  ];
  const rows = task.solvers.map(({ name, final }) => [
    name,
    scientific(final.gap),
    scientific(final.gradientNorm),
    ...(hasAccuracy ? [`${((final.accuracy ?? 0) * 100).toFixed(2)} %`] : []),
    final.passes.toFixed(0),
    final.msPerPass.toPrecision(3),
    final.speedRatio.toFixed(2),
  ]);
  return `${task.name}: ${task.description}\n${textTable(head, rows)}`;
}

function run(options: StartOptions): void {
  const { isQuick, seed } = options;
  // both first: a folder that is not there is told before anything is trained
  const inputs: TaskInput[] = [
    regression(seed, isQuick),
    options.data === null ? renderedDigits(seed, isQuick) : mnist(options.data, isQuick),
  ];
  const done = inputs.map((input) => {
    const result = compare(input, seed, progressBar(input.name));
    console.log(`${table(result.task)}\n${NOTE}\n`);
    return result;
  });
  const report: Report = {
    title: "HALP against its peers",
    generated: new Date().toISOString(),
    environment: {
      engine: done[0]?.engine ?? "",
      node: process.version,
      cpu: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
    },
    tasks: done.map(({ task }) => task),
  };
  mkdirSync(options.out, { recursive: true });
  const path = join(options.out, "index.html");
  writeFileSync(path, renderReport(report));
  console.log(`Curves and sample digits: ${path}`);
}

try {
  if (process.argv.includes("--help")) console.log(USAGE);
  else run(parseOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof BitcenterError || error instanceof TypeError || (error as NodeJS.ErrnoException).code))
    throw error;
  console.error(`npm start: ${(error as Error).message}`);
  process.exitCode = 1;
}
