// The part of papaparse that is used: its record parser, which takes a piece of text and says how far it came.
declare module "papaparse" {
  interface ParseError {
    readonly code: "MissingQuotes" | "InvalidQuotes";
    /** Place of the field in `input`, behind its opening quote. */
    readonly index: number;
    /** Of the record, counted in `data`. */
    readonly row: number;
  }

  interface ParseResult {
    readonly data: string[][];
    readonly errors: readonly ParseError[];
    /** `cursor`: behind the last record of `data`. */
    readonly meta: { readonly cursor: number };
  }

  class Parser {
    constructor(config: { readonly delimiter: string; readonly newline: string });
    parse(input: string, baseIndex: number, ignoreLastRow: boolean): ParseResult;
  }

  const papaparse: { readonly Parser: typeof Parser };
  export default papaparse;
}
