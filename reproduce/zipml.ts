// `npm run reproduce:zipml`: what ZipML says about training on samples of few bits, on this machine: tables on the terminal, curves in zipml.html.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { textTable } from "../bindings/cli/terminal.js";
import { BitcenterError, createEngine } from "../bindings/index.js";
import { parseZipmlOptions, ZIPML_USAGE, type ZipmlStartOptions } from "./options.js";
import { progressBar, scientific } from "./terminal.js";
import {
  distributions,
  gaussian,
  handwritten,
  type Missing,
  realRegressions,
  twoClasses,
  uniformColumns,
  wide,
} from "./zipml-data.js";
import { renderZipml, verdicts, type ZipmlResults } from "./zipml-report.js";
import {
  BITS,
  type BiasStudy,
  biasStudy,
  endToEndStudy,
  exactStudy,
  levelStudy,
  levelTrainingStudy,
  polynomialStudy,
  publishedStudy,
  refetchStudy,
  type Settings,
  timedStudy,
} from "./zipml-studies.js";

/** Standard deviations of margins: such that some leave the polynomial's radius; that of the refetching rates. */
const LOGISTIC_SPREAD = 2.5;
const HINGE_SPREAD = 3;

function biasTable({ name, methods, epochs }: BiasStudy): string {
  const rows = methods.map((method) => [
    method.name,
    ...(method.key === "exact" ? method.cells.slice(0, 1) : method.cells).map(({ tail }) => scientific(tail)),
  ]);
  const head = ["samples", ...BITS.map((bits) => (bits === 1 ? "1 bit" : `${bits} bits`))];
  return `${name}: gap of the tail average after ${epochs} epochs\n${textTable(head, rows)}\n`;
}

function run({ isQuick, data: folder, seed, out }: ZipmlStartOptions): void {
  const epochs = isQuick ? 15 : 60;
  const settings = (label: string, count = epochs): Settings => ({
    seed,
    epochs: count,
    progress: progressBar(label),
  });
  const missing: Missing[] = [];
  const { sets, missing: absent } = realRegressions(folder, isQuick);
  missing.push(...absent);
  const images = handwritten(folder);
  if ("path" in images) missing.push(images);
  for (const { name, path } of missing) console.log(`${name}: skipped, ${path} is not there`);

  const engine = createEngine();
  const gauss = gaussian(seed, isQuick);
  const regressions = [gauss, ...sets];
  const bias = regressions.map((set) => {
    const study = biasStudy(engine, set, settings(`bias, ${set.name}`));
    console.log(biasTable(study));
    return study;
  });
  const endToEnd = endToEndStudy(engine, gauss, settings("end to end"));
  const pixels = "path" in images ? null : images.train;
  const levels = levelStudy(distributions(seed, isQuick, pixels), progressBar("levels"));
  const levelTraining = regressions.map((set) => levelTrainingStudy(engine, set, settings(`levels, ${set.name}`)));
  const polynomial = polynomialStudy(engine, twoClasses(seed, isQuick, LOGISTIC_SPREAD), settings("logistic"));
  const refetch = refetchStudy(engine, uniformColumns(seed, isQuick, HINGE_SPREAD), settings("hinge"));
  const published =
    "path" in images
      ? null
      : publishedStudy(engine, images, settings("MNIST", isQuick ? 2 : 10), isQuick ? 2000 : 10_000);
  const exact = exactStudy(
    engine,
    twoClasses(seed, isQuick, LOGISTIC_SPREAD),
    settings("exact answers", isQuick ? 15 : 30),
  );
  const timed = timedStudy(engine, wide(seed, isQuick), settings("bytes and time", isQuick ? 3 : 9));
  const results: ZipmlResults = {
    generated: new Date().toISOString(),
    environment: {
      engine: engine.variant,
      node: process.version,
      cpu: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
    },
    seed,
    isQuick,
    missing,
    bias,
    endToEnd,
    levels,
    levelTraining,
    polynomial,
    refetch,
    published,
    exact,
    timed,
  };
  engine.dispose();

  const solvers = timed.solvers.map(({ name, bytesPerEpoch, ms, ratio, gap }) => [
    name,
    (bytesPerEpoch / 1e6).toPrecision(3),
    ms.toPrecision(3),
    ratio.toFixed(2),
    scientific(gap),
  ]);
  console.log(
    `${timed.name}, ${timed.rows} × ${timed.cols}: an epoch (× float32: above 1 is faster)\n${textTable(["solver", "MB", "ms", "× float32", "gap"], solvers)}\n`,
  );
  for (const { predicted, source, measured, holds } of verdicts(results)) {
    console.log(`${predicted} (${source})\n    ${measured}${holds === null ? "" : `: ${holds}`}`);
  }
  mkdirSync(out, { recursive: true });
  const path = join(out, "zipml.html");
  writeFileSync(path, renderZipml(results));
  console.log(`\nTables and curves: ${path}`);
}

try {
  if (process.argv.includes("--help")) console.log(ZIPML_USAGE);
  else run(parseZipmlOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof BitcenterError || error instanceof TypeError || (error as NodeJS.ErrnoException).code))
    throw error;
  console.error(`npm run reproduce:zipml: ${(error as Error).message}`);
  process.exitCode = 1;
}
