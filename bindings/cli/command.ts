// What a command is given, and what it answers with.
import type { Arguments } from "./arguments.js";
import type { Output } from "./terminal.js";

/** What a command may touch. Tests give their own. */
export interface Host {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Calls `stop` at Ctrl-C until the returned function is called. */
  onInterrupt(stop: () => void): () => void;
  readonly version: string;
}

/** Exit codes. An interrupted run has saved what it had: 128 + SIGINT, as shells expect. */
export const OK = 0;
export const FAILED = 1;
export const WRONG_USAGE = 2;
export const INTERRUPTED = 130;

export type Command = (args: Arguments, host: Host) => Promise<number>;
