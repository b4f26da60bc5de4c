// Results in files: whole or not at all.
import { accessSync, constants, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { BitcenterError } from "../errors.js";

function cannotWrite(path: string, error: unknown): BitcenterError {
  const { code, message } = error as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    ENOENT: "the folder does not exist",
    EACCES: "no permission",
    EISDIR: "it is a folder",
    ENOTDIR: "a part of the path is no folder",
    ENOSPC: "the disk is full",
    EROFS: "the file system is read-only",
  };
  return new BitcenterError("BAD_FILE", `${path} cannot be written: ${reasons[code ?? ""] ?? message}`);
}

/** Whether the file can be made, before the work whose result goes there. */
export function checkWritable(path: string): void {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw Object.assign(new Error(), { code: "EISDIR" });
    accessSync(dirname(path), constants.W_OK);
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/** Writes beside the file and renames: what was there stays until the new one is whole. */
export function writeWhole(path: string, contents: string | Uint8Array): void {
  // devices and pipes (/dev/stdout) have no place beside them
  const isSpecial = statSync(path, { throwIfNoEntry: false })?.isFile() === false;
  const scratch = `${path}.${process.pid}.part`;
  try {
    if (isSpecial) writeFileSync(path, contents);
    else {
      writeFileSync(scratch, contents);
      renameSync(scratch, path);
    }
  } catch (error) {
    if (!isSpecial) rmSync(scratch, { force: true });
    throw cannotWrite(path, error);
  }
}
