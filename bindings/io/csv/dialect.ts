// How a table is written: its delimiter, and whether its first record names the columns.
import { decimalOf } from "../decimal.js";
import { badFile, quote } from "../source.js";
import { BLANKS, trimmed } from "./records.js";

/** In order of preference: a comma may be part of a number, a blank of a text. */
const DELIMITERS = ["\t", ";", "|", ","] as const;
/** Lines that are looked at. */
const SAMPLE = 20;

/** Delimiters outside of quotes on each of the first lines. */
function counts(lines: readonly string[], delimiter: string): number[] {
  let isQuoted = false;
  return lines.map((line) => {
    let count = 0;
    for (const c of line) {
      if (c === '"') isQuoted = !isQuoted;
      else if (c === delimiter && !isQuoted) count++;
    }
    return count;
  });
}

/** The delimiter that every line of `text` has the same number of times, else one that every line or the first one has, else blanks. */
export function findDelimiter(text: string): string {
  const lines = text
    .slice(0, text.includes("\n") ? text.lastIndexOf("\n") : undefined)
    .split("\n", SAMPLE + 1)
    .filter((line) => line.trim() !== "")
    .slice(0, SAMPLE);
  const candidates = DELIMITERS.map((delimiter) => ({ delimiter, found: counts(lines, delimiter) }));
  const choice =
    candidates.find(({ found }) => (found[0] ?? 0) > 0 && found.every((count) => count === found[0])) ??
    candidates.find(({ found }) => found.length > 0 && found.every((count) => count > 0)) ??
    candidates.find(({ found }) => (found[0] ?? 0) > 0);
  if (choice !== undefined) return choice.delimiter;
  return lines.some((line) => /\S[ \t]+\S/.test(line)) ? BLANKS : ",";
}

const MISSING = new Set(["", "na", "n/a", "nan", "null", "?"]);

/** Whether a field, without blanks around it, says that there is no value. */
export const isMissing = (text: string): boolean => text.length <= 4 && MISSING.has(text.toLowerCase());

const isNumber = (text: string): boolean => !Number.isNaN(decimalOf(text));

/** Whether the first record names the columns: text and no number. With both in it, whether the text goes on below. */
export function findHeader(
  name: string,
  first: readonly string[],
  second: readonly string[] | null,
  line: number,
): boolean {
  const texts = first.flatMap((field, j) => (isNumber(trimmed(field)) || isMissing(trimmed(field)) ? [] : [j]));
  if (texts.length === 0 || second === null) return false;
  if (!first.some((field) => isNumber(trimmed(field)))) return true;
  if (first.length !== second.length) return false;
  const turned = texts.find((j) => isNumber(trimmed(second[j] ?? "")));
  if (turned === undefined) return false;
  const [above, below] = [quote(trimmed(first[turned] as string)), quote(trimmed(second[turned] as string))];
  return badFile(
    name,
    `line ${line}: cannot tell whether this is a header (column ${turned} has ${above} and then ${below}, others have numbers); give header: true or false`,
  );
}
