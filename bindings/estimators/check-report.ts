// The gate for a report that was saved beside a model: every field is what a fit would have said.
import type { LossName } from "../data/problem.js";
import { BitcenterError, show } from "../errors.js";
import type { FitReport } from "./fit-report.js";
import type { JsonObject } from "./model-json.js";
import { SOLVERS } from "./options.js";

/** What a field must be, and how that is said. */
interface Expected {
  readonly text: string;
  readonly has: (value: unknown) => boolean;
}

const oneOf = (...choices: readonly unknown[]): Expected => ({
  text: choices.map(show).join(" or "),
  has: (value) => choices.includes(value),
});
const COUNT: Expected = {
  text: "a whole number >= 0",
  has: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
};
const AMOUNT: Expected = {
  text: "a finite number >= 0",
  has: (value) => Number.isFinite(value) && (value as number) >= 0,
};
/** JSON has null for what is beyond float64. */
const VALUE: Expected = { text: "a finite number or null", has: (value) => value === null || Number.isFinite(value) };
const COUNTS: Expected = {
  text: "an array of whole numbers >= 0",
  has: (value) => Array.isArray(value) && value.every(COUNT.has),
};

const ENDINGS = ["converged", "stalled", "maxPasses", "outerSteps", "diverged", "validation"];

/** The fields of a report of a model with this loss and so many columns. */
function fieldsOf(loss: LossName, cols: number): Readonly<Record<keyof FitReport, Expected>> {
  return {
    solver: oneOf(...SOLVERS, "stream"),
    variant: oneOf("baseline", "relaxed", "none"),
    loss: oneOf(loss),
    rows: COUNT,
    cols: oneOf(cols),
    passes: AMOUNT,
    exactPasses: AMOUNT,
    outerSteps: COUNT,
    objective: VALUE,
    gradientNorm: VALUE,
    isConverged: oneOf(true, false),
    stoppedBy: oneOf(...ENDINGS, "running", "aborted", "failed"),
    validation: { text: "null or an object", has: (value) => typeof value === "object" && !Array.isArray(value) },
    bytes: COUNT,
    loadSeconds: AMOUNT,
    seconds: AMOUNT,
  };
}

function check(where: string, given: JsonObject, fields: Readonly<Record<string, Expected>>): void {
  for (const [name, { text, has }] of Object.entries(fields)) {
    if (!has(given[name])) {
      throw new BitcenterError("BAD_FILE", `${where}.${name} must be ${text}, given ${show(given[name])}`);
    }
  }
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(fields, name));
  if (unknown !== undefined) throw new BitcenterError("BAD_FILE", `${where} has an unknown field ${show(unknown)}`);
}

const number = (value: unknown): number => (value === null ? Number.NaN : (value as number));

/**
 * The report in `given`, field by field; null where there is none. What JSON could not hold is NaN.
 * @throws BitcenterError BAD_FILE
 */
export function checkReport(
  where: string,
  given: JsonObject | undefined,
  loss: LossName,
  cols: number,
): FitReport | null {
  if (given === undefined) return null;
  const name = `${where}: report`;
  check(name, given, fieldsOf(loss, cols));
  const { objective, gradientNorm, validation } = given;
  if (validation !== null) check(`${name}.validation`, validation as JsonObject, { loss: VALUE, outerSteps: COUNTS });
  return {
    ...(given as unknown as FitReport),
    objective: number(objective),
    gradientNorm: number(gradientNorm),
    validation:
      validation === null
        ? null
        : { ...(validation as NonNullable<FitReport["validation"]>), loss: number((validation as JsonObject)["loss"]) },
  };
}
