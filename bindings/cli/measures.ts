// How well predictions agree with the truth, class by class.
import { finish } from "../engine/work.js";
import { accuracy, r2 } from "../estimators/measures.js";

export interface ClassFacts {
  readonly label: string;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly support: number;
}

export interface Classification {
  readonly accuracy: number;
  readonly classes: readonly ClassFacts[];
  /** Rows whose label is none of the classes: no model of these can be right there. */
  readonly unknownRows: number;
}

export interface Regression {
  readonly rmse: number;
  readonly r2: number;
}

type Labels = ArrayLike<number | string>;

/** Accuracy, and precision, recall and F1 of every class; classes that never occur or are never predicted have 0 there. */
export function classification(
  predicted: Labels,
  truth: Labels,
  classes: readonly (number | string)[],
): Classification {
  const counts = new Map(classes.map((label) => [label, { hit: 0, predicted: 0, support: 0 }]));
  let unknownRows = 0;
  for (let i = 0; i < truth.length; i++) {
    const [guess, label] = [predicted[i] as number | string, truth[i] as number | string];
    const [of, by] = [counts.get(label), counts.get(guess)];
    if (of === undefined) unknownRows++;
    else of.support++;
    if (by !== undefined) by.predicted++;
    if (of !== undefined && guess === label) of.hit++;
  }
  const facts = [...counts].map(([label, count]): ClassFacts => {
    const precision = count.predicted === 0 ? 0 : count.hit / count.predicted;
    const recall = count.support === 0 ? 0 : count.hit / count.support;
    const f1 = precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
    return { label: String(label), precision, recall, f1, support: count.support };
  });
  return { accuracy: finish(accuracy(predicted, truth, null)), classes: facts, unknownRows };
}

/** Root mean squared error and R². */
export function regression(predicted: ArrayLike<number>, truth: ArrayLike<number>): Regression {
  let squares = 0;
  for (let i = 0; i < truth.length; i++) {
    const error = (predicted[i] as number) - (truth[i] as number);
    squares += error * error;
  }
  return { rmse: Math.sqrt(squares / truth.length), r2: finish(r2(predicted, truth, null)) };
}
