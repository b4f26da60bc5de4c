// The library's errors name its options; whoever typed flags reads flags.

/** Flags by the library's names. */
const FLAGS: Readonly<Record<string, string>> = {
  alpha: "l2",
  l2: "l2",
  penalty: "penalty",
  l1Ratio: "l1-ratio",
  epsilon: "epsilon",
  loss: "loss",
  solver: "solver",
  bits: "bits",
  tol: "tol",
  maxPasses: "max-passes",
  seed: "seed",
  classWeight: "class-weight",
  format: "format",
  label: "label",
  labels: "labels",
  cols: "cols",
  firstIndex: "first-index",
  header: "header",
  oneHot: "one-hot",
  skipLines: "skip-lines",
};

/** Values that are spelled in another way. */
const VALUES: Readonly<Record<string, string>> = { squaredHinge: "squared-hinge" };

const QUOTED = '"(?:[^"\\\\]|\\\\.)*"';
const names = Object.keys(FLAGS);
/** What is no word of English either. */
const peculiar = names.filter((name) => /[A-Z]/.test(name));

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** The functions that errors begin with; writers of models have options of their own, of which the command line knows one. */
const PREFIX =
  /^(?:(?:LogisticRegression|LinearRegression|LinearSVC)(?:\.\w+)?|read\w*|open\w*|problem|dataset|auto|newton|halp|svrg|saga|sgd|lpSgd|lpSvrg|zipml): /;
const WRITER = /^to[A-Z]\w*: (name must )?/;

/** `sentence` of the library as the command line says it. words: what was typed, which stays as it is: a file may be called anything. */
export function inFlags(command: string, sentence: string, words: readonly string[] = []): string {
  const typed = words.filter((word) => word !== "").sort((a, b) => b.length - a.length);
  if (WRITER.test(sentence)) {
    return sentence.replace(WRITER, (_, name?: string) => `${command}: ${name === undefined ? "" : `--${name}`}`);
  }
  const own = PREFIX.test(sentence);
  const text = sentence.replace(PREFIX, "");
  // an option is the first word of a sentence, or stands before its value
  const first = new RegExp(`^(${names.join("|")})(?= (?:must|belongs|is no option|names|"|[0-9]+:))`);
  const pattern = new RegExp(
    [
      "(give header: true or false)",
      ...(typed.length === 0 ? [] : [`(?<!\\w)(?:${typed.map(escaped).join("|")})(?!\\w)`]),
      `\\b(${names.join("|")}): (${QUOTED}|-?\\w[\\w.-]*)`,
      QUOTED,
      `\\b(${peculiar.join("|")})\\b`,
    ].join("|"),
    "g",
  );
  const flag = (name: string): string => `--${FLAGS[name]}`;
  const said = (own ? text.replace(first, (name) => flag(name)) : text).replace(
    pattern,
    (all, header?: string, name?: string, value?: string, alone?: string) => {
      if (header !== undefined) return "give --header, --no-header, or --skip-lines N for what stands above the table";
      if (name !== undefined && value !== undefined) {
        const plain = value.replace(/^"|"$/g, "");
        return `${flag(name)} ${VALUES[plain] ?? plain}`;
      }
      return alone === undefined ? all : flag(alone);
    },
  );
  const advised = said.replace(/ (are these targets of a regression)\?$/, " $1? then give --loss squared");
  return own ? `${command}: ${advised}` : advised;
}
