// The command line's grammar: commands, their options, and what is said about them. Checked before any file is opened.
import { parseArgs } from "node:util";
import { BitcenterError } from "../errors.js";
import { decimalOf } from "../io/decimal.js";

/** Wrong usage: exit code 2, where errors of data and files give 1. */
export class UsageError extends Error {}

interface OptionSpec {
  readonly type: "string" | "boolean";
  /** How the value is shown in help; none for switches. */
  readonly value?: string;
  readonly text: string;
}

/** Options by name, as they are typed. */
const OPTIONS = {
  loss: { type: "string", value: "NAME", text: "logistic (default), squared, huber, hinge, squared-hinge" },
  l2: { type: "string", value: "NUMBER", text: "strength of the penalty (default 1e-4; squared and huber: 0)" },
  penalty: { type: "string", value: "NAME", text: "l2 (default), l1, elasticnet" },
  "l1-ratio": { type: "string", value: "NUMBER", text: "part of l1 in elasticnet" },
  epsilon: { type: "string", value: "NUMBER", text: "huber's threshold, in units of the target (default 1)" },
  solver: {
    type: "string",
    value: "NAME",
    text: "auto (default), newton, halp, svrg, saga, sgd, lp-sgd, lp-svrg, zipml",
  },
  bits: { type: "string", value: "N", text: "bits of the integers that steps work on: 16, 8 (default), 4, 2" },
  tol: { type: "string", value: "NUMBER", text: "accuracy (default 1e-8; stochastic solvers 1e-6)" },
  "max-passes": { type: "string", value: "N", text: "most passes over the data; ends after the step that reaches it" },
  "no-intercept": { type: "boolean", text: "fit none" },
  "class-weight": { type: "string", value: "balanced", text: "every class weighs the same" },
  seed: { type: "string", value: "N", text: "of everything random (default 0): same seed, same bits" },
  test: { type: "string", value: "FILE", text: "evaluate the model on these rows" },
  "test-labels": { type: "string", value: "FILE", text: "their labels, where the file holds none (NPY, IDX)" },
  out: { type: "string", value: "FILE", text: "where the result goes" },
  to: { type: "string", value: "FORMAT", text: "json, safetensors, onnx, c, liblinear" },
  name: { type: "string", value: "NAME", text: "prefix of the C functions (default model)" },
  data: { type: "string", value: "FILE", text: "c: rows that show the range of every column" },
  probabilities: { type: "boolean", text: "one probability per class instead of labels" },
  format: {
    type: "string",
    value: "NAME",
    text: "libsvm, csv, tsv, npy, idx (default: told from the file's name or beginning)",
  },
  label: { type: "string", value: "COLUMN", text: "CSV: name or number of the label's column, first, last, none" },
  labels: { type: "string", value: "FILE", text: "labels in a file of their own (NPY, IDX, CSV)" },
  cols: { type: "string", value: "N", text: "columns of LIBSVM rows, where the file shows fewer" },
  "first-index": {
    type: "string",
    value: "0|1",
    text: "what LIBSVM rows call the first column (default: 0 where it occurs)",
  },
  header: { type: "boolean", text: "CSV: the first line names the columns (default: told from what is in it)" },
  "no-header": { type: "boolean", text: "CSV: it does not" },
  "skip-lines": { type: "string", value: "N", text: "CSV: lines above the table to pass over" },
  "one-hot": { type: "boolean", text: "CSV: a column of 0 and 1 for every text value" },
  json: { type: "boolean", text: "print one JSON object" },
  debug: { type: "boolean", text: "show where an error began" },
  help: { type: "boolean", text: "show this" },
} as const satisfies Record<string, OptionSpec>;

type OptionName = keyof typeof OPTIONS;

const DATA: readonly OptionName[] = [
  ...(["format", "label", "labels", "cols", "first-index"] as const),
  ...(["header", "no-header", "skip-lines", "one-hot"] as const),
];
const FIT: readonly OptionName[] = [
  "loss",
  "l2",
  "penalty",
  "l1-ratio",
  "epsilon",
  "bits",
  "tol",
  "max-passes",
  "no-intercept",
  "class-weight",
  "seed",
];
const EVERYWHERE: readonly OptionName[] = ["debug", "help"];

interface CommandSpec {
  readonly operands: readonly string[];
  readonly options: readonly OptionName[];
  readonly text: string;
}

export const COMMANDS = {
  train: {
    operands: ["DATA"],
    options: [...FIT, "solver", "test", "test-labels", "out", ...DATA, "json"],
    text: "fit a model; --out saves it",
  },
  predict: {
    operands: ["MODEL", "DATA"],
    options: ["probabilities", "out", ...DATA],
    text: "one line per row",
  },
  evaluate: {
    operands: ["MODEL", "DATA"],
    options: [...DATA, "json"],
    text: "accuracy and a table of the classes, or rmse and r2",
  },
  compare: {
    operands: ["DATA"],
    options: [...FIT, ...DATA, "json"],
    text: "every solver side by side",
  },
  convert: {
    operands: ["MODEL"],
    options: ["to", "out", "name", "data", ...DATA],
    text: "write a model in another format",
  },
  inspect: {
    operands: ["MODEL|DATA"],
    options: [...DATA, "json"],
    text: "what is in a file",
  },
} as const satisfies Record<string, CommandSpec>;

export type CommandName = keyof typeof COMMANDS;

/** Checked arguments of one command. */
export interface Arguments {
  readonly command: CommandName;
  /** All that was typed behind the command. */
  readonly words: readonly string[];
  readonly operands: readonly string[];
  has(name: OptionName): boolean;
  text(name: OptionName): string | undefined;
  number(name: OptionName): number | undefined;
}

export type Parsed =
  | { readonly kind: "help"; readonly command: CommandName | null }
  | { readonly kind: "version" }
  | { readonly kind: "command"; readonly command: CommandName; readonly args: Arguments };

const commandNames = Object.keys(COMMANDS) as CommandName[];

function checkedNumber(command: string, name: string, text: string): number {
  // decimal, as in data: no 0x10, no 1_000
  const value = decimalOf(text);
  if (!Number.isFinite(value)) throw new UsageError(`${command}: --${name} must be a number, given "${text}"`);
  return value;
}

/** Words as Node hands them over, without the program's name. Throws UsageError. */
export function parse(words: readonly string[]): Parsed {
  const [first, ...rest] = words;
  if (first === undefined || first === "--help" || first === "-h" || first === "help") {
    const topic = first === "help" ? rest[0] : undefined;
    if (topic !== undefined && !Object.hasOwn(COMMANDS, topic)) throw unknownCommand(topic);
    return { kind: "help", command: (topic as CommandName | undefined) ?? null };
  }
  if (first === "--version" || first === "-V") return { kind: "version" };
  if (!Object.hasOwn(COMMANDS, first)) throw unknownCommand(first);
  const command = first as CommandName;
  const spec: CommandSpec = COMMANDS[command];
  const names = [...spec.options, ...EVERYWHERE];
  const options = Object.fromEntries(names.map((name) => [name, { type: OPTIONS[name].type }]));
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs({
      args: rest,
      options: { ...options, help: { type: "boolean", short: "h" } },
      allowPositionals: true,
    });
  } catch (error) {
    // "Unknown option '--x'. To specify a positional argument …": the first sentence is what is wrong
    // "Option '--l2' argument is ambiguous.\nDid you forget …": what it means is that the next word begins with a dash
    const [first] = (error as Error).message.split(/\. |\n/);
    const sentence = (first as string)
      .replace(
        /^Option '(\S+)[^']*' argument is ambiguous\.?$/,
        "option '$1' needs a value, and one that begins with a dash is written $1=-…",
      )
      .replace(/^Option '(\S+)[^']*' argument missing\.?$/, "option '$1' needs a value")
      .replace(/^Option '([^']+)' does not take an argument\.?$/, "option '$1' takes no value");
    throw new UsageError(`${command}: ${sentence.replace(/^./, (c) => c.toLowerCase())}`);
  }
  const { values, positionals } = parsed;
  if (values["help"] === true) return { kind: "help", command };
  if (positionals.length !== spec.operands.length) {
    const wanted = spec.operands.join(" and ");
    throw new UsageError(
      `${command}: expected ${wanted}, given ${positionals.length === 0 ? "nothing" : positionals.map((p) => `"${p}"`).join(" ")}`,
    );
  }
  const args: Arguments = {
    command,
    words: rest,
    operands: positionals,
    has: (name) => values[name] === true,
    text: (name) => values[name] as string | undefined,
    number: (name) => {
      const text = values[name] as string | undefined;
      return text === undefined ? undefined : checkedNumber(command, name, text);
    },
  };
  return { kind: "command", command, args };
}

function unknownCommand(word: string): UsageError {
  return new UsageError(`unknown command "${word}"; known: ${commandNames.join(", ")}`);
}

/** `text` as one of `choices`, or a UsageError that lists them. */
export function choice<T extends string>(command: string, name: string, text: string, choices: readonly T[]): T {
  if ((choices as readonly string[]).includes(text)) return text as T;
  throw new UsageError(`${command}: --${name} must be ${choices.join(", ")}, given "${text}"`);
}

export function helpText(command: CommandName | null): string {
  if (command === null) {
    const lines = commandNames.map((name) => `  ${usage(name).padEnd(30)} ${COMMANDS[name].text}`);
    return [
      "bitcenter: train linear models at int8 speed with float64 accuracy",
      "",
      ...lines,
      "",
      "DATA is LIBSVM text, CSV, TSV, NPY or IDX, also as .gz, or - for stdin. bitcenter COMMAND --help lists the options.",
    ].join("\n");
  }
  const spec: CommandSpec = COMMANDS[command];
  const names = [...spec.options, ...EVERYWHERE];
  const shown = names.map((name) => {
    const option: OptionSpec = OPTIONS[name];
    return [`--${name}${option.value === undefined ? "" : ` ${option.value}`}`, option.text] as const;
  });
  const width = Math.max(...shown.map(([option]) => option.length));
  return [
    `bitcenter ${usage(command)} [options]: ${spec.text}`,
    "",
    ...shown.map(([option, text]) => `  ${option.padEnd(width)}  ${text}`),
  ].join("\n");
}

function usage(command: CommandName): string {
  return `${command} ${COMMANDS[command].operands.join(" ")}`;
}

/** Whether an error is the user's to read, and not a fault of ours. */
export function isExpected(error: unknown): error is Error {
  return error instanceof BitcenterError || error instanceof UsageError;
}
