#!/usr/bin/env node
// The `bitcenter` command.
import { readFileSync } from "node:fs";
import type { Host } from "./command.js";
import { run } from "./run.js";

const host: Host = {
  stdout: process.stdout,
  stderr: process.stderr,
  onInterrupt: (stop) => {
    // the second Ctrl-C ends the process as usual
    process.once("SIGINT", stop);
    return () => process.off("SIGINT", stop);
  },
  get version() {
    const file = new URL("../../package.json", import.meta.url);
    return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
  },
};

// a reader that goes away (`| head`) is no error
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await run(process.argv.slice(2), host);
