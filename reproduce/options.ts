// Command lines of `npm start` and `npm run reproduce:zipml`.
import { parseArgs } from "node:util";
import { BitcenterError } from "../bindings/index.js";

export interface StartOptions {
  /** Fewer rows and outer steps: a smoke test of the whole program. */
  readonly isQuick: boolean;
  /** Folder with MNIST's IDX files (plain or .gz), or null for the rendered digits. */
  readonly data: string | null;
  readonly seed: number;
  /** Folder of index.html. */
  readonly out: string;
}

export const USAGE = `npm start [-- OPTIONS]
  --data DIR   MNIST's four IDX files (plain or .gz) instead of the rendered digits
  --quick      fewer rows and steps
  --seed N     default 0
  --out DIR    where index.html goes (default: report)`;

export interface ZipmlStartOptions extends Omit<StartOptions, "data"> {
  /** Folder with libsvm/ and idx/mnist/; what is not there is skipped. */
  readonly data: string;
}

export const ZIPML_USAGE = `npm run reproduce:zipml [-- OPTIONS]
  --data DIR   folder with libsvm/cadata.gz, libsvm/cpusmall.gz, idx/mnist/ (default: ../shared/data); what is not there is skipped
  --quick      fewer rows and epochs
  --seed N     default 0
  --out DIR    where zipml.html goes (default: report)`;

export function parseOptions(argv: readonly string[]): StartOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      data: { type: "string" },
      quick: { type: "boolean", default: false },
      seed: { type: "string", default: "0" },
      out: { type: "string", default: "report" },
    },
  });
  const seed = Number(values.seed);
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new BitcenterError("BAD_OPTION", `--seed must be a whole number from 0 to 4294967295, given ${values.seed}`);
  }
  return { isQuick: values.quick, data: values.data ?? null, seed, out: values.out };
}

/** The same options; without --data the folder beside the repository. */
export function parseZipmlOptions(argv: readonly string[]): ZipmlStartOptions {
  const options = parseOptions(argv);
  return { ...options, data: options.data ?? "../shared/data" };
}
