// One run of the command line: finds the command, prints its errors, says the exit code.
import { BitcenterError } from "../errors.js";
import { type Arguments, type CommandName, helpText, isExpected, parse, UsageError } from "./arguments.js";
import { type Command, FAILED, type Host, OK, WRONG_USAGE } from "./command.js";
import { inFlags } from "./flags.js";

/** Loaded when wanted: most runs need one of them. */
const LOADERS: Record<CommandName, () => Promise<Command>> = {
  train: async () => (await import("./commands/train.js")).train,
  predict: async () => (await import("./commands/predict.js")).predict,
  evaluate: async () => (await import("./commands/evaluate.js")).evaluate,
  compare: async () => (await import("./commands/compare.js")).compare,
  convert: async () => (await import("./commands/convert.js")).convert,
  inspect: async () => (await import("./commands/inspect.js")).inspect,
};

/** Runs the words of a command line; returns the exit code. Never throws. */
export async function run(words: readonly string[], host: Host): Promise<number> {
  let args: Arguments | null = null;
  try {
    const parsed = parse(words);
    if (parsed.kind === "version") {
      host.stdout.write(`${host.version}\n`);
      return OK;
    }
    if (parsed.kind === "help") {
      host.stdout.write(`${helpText(parsed.command)}\n`);
      return OK;
    }
    args = parsed.args;
    const command = await LOADERS[parsed.command]();
    return await command(args, host);
  } catch (error) {
    return report(error, words.includes("--debug"), args, host);
  }
}

function report(error: unknown, isDebug: boolean, args: Arguments | null, host: Host): number {
  if (isDebug || !isExpected(error)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    host.stderr.write(`bitcenter: ${isExpected(error) ? "" : "unexpected error, please report it: "}${text}\n`);
  } else {
    const hint = error instanceof UsageError ? " (bitcenter --help)" : "";
    const isOurs = error instanceof BitcenterError && args !== null;
    const sentence = isOurs ? inFlags(args.command, error.message, args.words) : error.message;
    host.stderr.write(`bitcenter: ${sentence}${hint}\n`);
  }
  if (error instanceof UsageError) return WRONG_USAGE;
  // an option's value that the library refuses is wrong usage too
  return error instanceof BitcenterError && error.code === "BAD_OPTION" ? WRONG_USAGE : FAILED;
}
