"""Reference values of test/reference/: python3 bench/peers/reference.py DATA_DIR OUT_DIR [dataset ...]

Every case is solved by scikit-learn or liblinear where they pose the same problem, and then by Newton's method on exactly
    F(w, b) = sum p_i loss(w.x_i + b, y_i) + l1 |w|_1 + l2/2 |w|^2,   p_i = omega_i / n, b not regularised,   columns as they are in the file
with a certificate (optimum.py). The tool's distance from that optimum is recorded next to it.

                      C or alpha for l1, l2 of F;  S = sum of the sample weights (n without), R = l1 / (l1 + l2)
LogisticRegression    C = 1/(S.(l1 + l2)), l1_ratio = R                    liblinear -s 0, 7: C = 1/(n.l2);  -s 6: C = 1/(n.l1)
LinearSVC             squared_hinge: C = 1/(2.S.l2), l1: 1/(2.S.l1);  hinge: C = 1/(S.l2)       liblinear -s 1, 2, 5 and -s 3: the same C
Ridge                 alpha = S.l2
Lasso, ElasticNet     alpha = l1 + l2, l1_ratio = R
HuberRegressor        alpha = n.l2 / scale_, and F's epsilon is epsilon . scale_
SVC(kernel="linear")  C = 1/(S.l2): the hinge with an intercept that is not regularised, as in F

Needs numpy, scipy and scikit-learn; liblinear (Debian: liblinear-tools) where found. One thread. Takes a few minutes.
"""
import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"):
    os.environ[name] = "1"

import ctypes
import gzip
import json
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import scipy
import sklearn
from scipy import sparse
from sklearn.linear_model import ElasticNet, HuberRegressor, Lasso, LinearRegression, LogisticRegression, Ridge
from sklearn.svm import SVC, LinearSVC

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import optimum
from optimum import Problem

warnings.filterwarnings("ignore")
NEW_PENALTY = tuple(int(part) for part in sklearn.__version__.split(".")[:2]) >= (1, 8)
LIBLINEAR = shutil.which("liblinear-train")


def liblinear_version():
    """Of the library that liblinear-train uses; None without it."""
    try:
        return f"{ctypes.c_int.in_dll(ctypes.CDLL('liblinear.so.4'), 'liblinear_version').value / 100:.2f}"
    except (OSError, ValueError):
        return None if LIBLINEAR is None else "unknown"


# --- data ---


def lines_of(folder, path):
    with gzip.open(os.path.join(folder, path), "rt", encoding="ascii") as file:
        return file.read().strip().split("\n")


def table(lines, separator):
    return np.array([[float(value) for value in line.split(separator)] for line in lines])


def libsvm(lines, cols):
    x, y = np.zeros((len(lines), cols)), np.zeros(len(lines))
    for i, line in enumerate(lines):
        label, *entries = line.split()
        y[i] = float(label)
        for entry in entries:
            index, value = entry.split(":")
            x[i, int(index) - 1] = float(value)
    return x, y


def digits(folder):
    all_columns = table(lines_of(folder, "csv/digits.csv.gz"), ",")
    return all_columns[:, :-1], all_columns[:, -1], None


def breast_cancer(folder):
    all_columns = table(lines_of(folder, "csv/breast_cancer.csv.gz")[1:], ",")
    return all_columns[:, :-1], all_columns[:, -1], None


def diabetes(folder):
    y = table(lines_of(folder, "csv/diabetes_target.txt.gz"), None)[:, 0]
    return table(lines_of(folder, "csv/diabetes_data_raw.txt.gz"), None), y, None


def a9a(folder):
    x, y = libsvm(lines_of(folder, "libsvm/a9a.gz"), 123)
    return x, y, libsvm(lines_of(folder, "libsvm/a9a.t.gz"), 123)


def cpusmall(folder):
    return (*libsvm(lines_of(folder, "libsvm/cpusmall.gz"), 12), None)


READERS = {"digits": digits, "breast_cancer": breast_cancer, "diabetes": diabetes, "a9a": a9a, "cpusmall": cpusmall}


def weights_of(kind, y):
    """None; "balanced": n / (classes . rows of the class); "modulo": 1 + (row mod 5)."""
    if kind is None:
        return None
    if kind == "modulo":
        return 1.0 + np.arange(len(y)) % 5
    labels, index, count = np.unique(y, return_inverse=True, return_counts=True)
    return len(y) / (len(labels) * count[index])


# --- cases ---


def case(loss, penalty="l2", l=None, intercept=True, weights=None, rest=False, huber=None):
    l1 = {"l2": 0.0, "none": 0.0, "l1": l, "elasticnet": l if l is None else l * 0.5}[penalty]
    l2 = {"l2": l, "none": 0.0, "l1": 0.0, "elasticnet": l if l is None else l * 0.5}[penalty]
    title = f"{loss}{' one against the rest' if rest else ''}, {penalty}"
    title += "" if intercept else ", no intercept"
    title += {None: "", "balanced": ", balanced", "modulo": ", sample weights"}[weights]
    return {
        "name": title,
        "loss": loss,
        "l1": l1,
        "l2": l2,
        "fitIntercept": intercept,
        "weights": weights,
        "rest": rest,
        "huber": huber,
    }


def classification(loss, l2, l1, mixed, extra=(), rest=False):
    cases = [case(loss, "l2", l2, rest=rest), case(loss, "l2", l2, intercept=False, rest=rest)]
    if loss != "hinge":
        cases += [case(loss, "l1", l1, rest=rest), case(loss, "elasticnet", mixed, rest=rest)]
        if not rest:
            cases += [case(loss, "l1", l1, intercept=False)]
    return cases + [case(loss, "l2", l2, weights=weights, rest=rest) for weights in extra]


def regression(loss, l2, l1, mixed, **more):
    cases = [case(loss, "none", 0.0, **more), case(loss, "l2", l2, **more), case(loss, "l2", l2, intercept=False, **more)]
    cases += [case(loss, "l1", l1, **more), case(loss, "elasticnet", mixed, **more)]
    return [*cases, case(loss, "l2", l2, weights="modulo", **more)]


BOTH = ("balanced", "modulo")
# of HuberRegressor, in units of its scale_
EPSILON = 1.35
CASES = {
    "digits": [
        *classification("softmax", 1e-2, 1e-3, 1e-2, BOTH),
        *classification("logistic", 1e-2, 1e-3, 1e-2, rest=True),
        *classification("squaredHinge", 1e-1, 1e-2, 1e-2, rest=True),
        *classification("hinge", 1e-2, None, None, rest=True),
    ],
    "breast_cancer": [
        *classification("logistic", 1e-2, 1e-2, 1e-2, BOTH),
        case("softmax", "l2", 1e-2),
        *classification("squaredHinge", 1e-2, 1e-2, 1e-2, BOTH),
        *classification("hinge", 1e-2, None, None, BOTH),
    ],
    "diabetes": [*regression("squared", 1e-1, 1.0, 1.0), *regression("huber", 1e-1, 1.0, 1.0, huber="raw")],
    "a9a": [
        *classification("logistic", 1e-3, 1e-3, 1e-3, BOTH),
        *classification("squaredHinge", 1e-3, 1e-3, 1e-3, BOTH),
        *classification("hinge", 1e-3, None, None, BOTH),
    ],
    "cpusmall": [*regression("squared", 1e-2, 1e-1, 1e-1), *regression("huber", 1e-2, 1e-1, 1e-1, huber="standardised")],
}


# --- the tools ---


def logistic_with(solver, C, ratio, intercept, tol, max_iter):
    if NEW_PENALTY:
        more = {"l1_ratio": ratio}
    else:
        penalty = "l2" if ratio == 0 else "l1" if ratio == 1 else "elasticnet"
        more = {"penalty": penalty, "l1_ratio": ratio if penalty == "elasticnet" else None}
    return LogisticRegression(
        C=C, solver=solver, fit_intercept=intercept, tol=tol, max_iter=max_iter, random_state=0, **more
    )


def sparse_where_it_pays(x):
    return sparse.csr_matrix(x) if np.mean(x != 0) < 0.25 else x


def native(x, y, kind, C):
    """liblinear itself, without a bias: weights of the larger label."""
    with tempfile.TemporaryDirectory() as folder:
        rows, model = os.path.join(folder, "rows"), os.path.join(folder, "model")
        with open(rows, "w", encoding="ascii") as file:
            for row, label in zip(x, y):
                entries = " ".join(f"{j + 1}:{row[j]!r}" for j in np.flatnonzero(row).tolist())
                file.write(f"{label:.17g} {entries}\n".replace("np.float64(", "").replace(")", ""))
        command = [LIBLINEAR, "-s", str(kind), "-c", repr(C), "-e", "1e-13", "-p", "0", "-B", "-1", "-q", rows, model]
        subprocess.run(command, check=True, timeout=300, stdout=subprocess.DEVNULL)
        with open(model, encoding="ascii") as file:
            text = file.read()
    head, tail = text.split("\nw\n")
    labels = [line.split()[1:] for line in head.split("\n") if line.startswith("label")]
    sign = 1.0 if not labels or float(labels[0][0]) > float(labels[0][1]) else -1.0
    w = sign * np.array([float(value) for value in tail.split()])
    return np.pad(w, (0, x.shape[1] - len(w)))


def tools(spec, x, y, weights):
    """(name, setting, run) of every tool that poses this very problem; run() gives w (d x k), b (k), or None. y: +-1, targets, or class numbers."""
    loss, l1, l2, intercept = spec["loss"], spec["l1"], spec["l2"], spec["fitIntercept"]
    total = len(y) if weights is None else weights.sum()
    strength = l1 + l2
    ratio = l1 / strength if strength > 0 else 0.0
    d = x.shape[1]
    given = {} if weights is None else {"sample_weight": weights}
    rows = sparse_where_it_pays(x)
    is_large = x.size > 1_000_000

    def of(model, rows=rows):
        def run():
            fitted = model.fit(rows, y, **given)
            coef = np.atleast_2d(np.asarray(fitted.coef_)).T
            b = np.atleast_1d(np.asarray(fitted.intercept_, dtype=float)) if intercept else np.zeros(coef.shape[1])
            if loss == "softmax" and coef.shape[1] == 1:
                # two classes: the logistic weights are the difference of the two rows
                return None
            return coef, b

        return run

    out = []
    if loss in ("logistic", "softmax"):
        C = 1 / (total * strength)
        if ratio == 0:
            solver = "newton-cholesky" if loss == "logistic" else "lbfgs"
            tol = 1e-14 if loss == "logistic" else 1e-10
            if loss == "softmax" and len(np.unique(y)) == 2:
                return []
            model = logistic_with(solver, C, 0.0, intercept, tol, 5000)
            out.append((f"scikit-learn LogisticRegression {solver}", f"C={C!r}, tol={tol}", of(model)))
        else:
            most = 300 if is_large else 3000
            model = logistic_with("saga", C, ratio, intercept, 1e-12, most)
            setting = f"C={C!r}, l1_ratio={ratio}, tol=1e-12, max_iter={most}"
            out.append(("scikit-learn LogisticRegression saga", setting, of(model)))
        if loss == "logistic" and not intercept and weights is None and not spec["rest"]:
            out.append(liblinear(x, y, 0 if ratio == 0 else 6, C))
    if loss == "squaredHinge" and ratio in (0, 1) and not intercept:
        C = 1 / (2 * total * strength)
        penalty = "l2" if ratio == 0 else "l1"
        model = LinearSVC(
            penalty=penalty, loss="squared_hinge", dual=False, C=C, fit_intercept=False, tol=1e-12, max_iter=1000, random_state=0
        )
        out.append(("scikit-learn LinearSVC", f'penalty="{penalty}", loss="squared_hinge", dual=False, C={C!r}, tol=1e-12', of(model)))
        if weights is None and not spec["rest"]:
            out.append(liblinear(x, y, 2 if ratio == 0 else 5, C))
    if loss == "hinge":
        C = 1 / (total * l2)
        if not intercept:
            most = 2000 if is_large else 20000
            model = LinearSVC(loss="hinge", dual=True, C=C, fit_intercept=False, tol=1e-10, max_iter=most, random_state=0)
            out.append(("scikit-learn LinearSVC", f'loss="hinge", dual=True, C={C!r}, tol=1e-10, max_iter={most}', of(model)))
        elif not is_large:
            most = 3_000_000
            model = SVC(kernel="linear", C=C, tol=1e-9, max_iter=most)
            out.append(("scikit-learn SVC linear", f"C={C!r}, tol=1e-9, max_iter={most}", of(model, x)))
    if loss == "squared":
        if strength == 0:
            out.append(("scikit-learn LinearRegression", "", of(LinearRegression(fit_intercept=intercept), x)))
        elif ratio == 0:
            alpha = total * l2
            model = Ridge(alpha=alpha, fit_intercept=intercept, solver="cholesky")
            out.append(("scikit-learn Ridge cholesky", f"alpha={alpha!r}", of(model, x)))
            if not intercept and weights is None:
                out.append(liblinear(x, y, 11, 1 / (2 * total * l2)))
        else:
            kind = Lasso if ratio == 1 else ElasticNet
            model = kind(alpha=strength, fit_intercept=intercept, tol=1e-14, max_iter=200_000)
            if kind is ElasticNet:
                model.set_params(l1_ratio=ratio)
            mixed = "" if ratio == 1 else f", l1_ratio={ratio}"
            out.append((f"scikit-learn {kind.__name__}", f"alpha={strength!r}{mixed}, tol=1e-14", of(model, x)))
    return out


def liblinear(x, y, kind, C):
    def run():
        return None if LIBLINEAR is None else (native(x, y, kind, C)[:, None], np.zeros(1))

    return (f"liblinear -s {kind}", f"-c {C!r} -e 1e-13 -B -1{' -p 0' if kind == 11 else ''}", run)


def huber_by_tool(spec, x, y, weights):
    """epsilon = 1.35 scale_, and the tool's answer where it poses the same problem. HuberRegressor chooses scale_: alpha is set by it until the two agree.

    Where the penalty is nothing, or none of the tool's, or where raw columns are too much for its L-BFGS ("standardised"), scale_ is that of a fit
    without a penalty on standardised columns.
    """
    total = len(y) if weights is None else weights.sum()
    given = {} if weights is None else {"sample_weight": weights}
    intercept = spec["fitIntercept"]
    if spec["l1"] > 0 or spec["l2"] == 0 or spec["huber"] == "standardised":
        mean, deviation = (x.mean(axis=0) if intercept else 0.0), x.std(axis=0)
        model = HuberRegressor(epsilon=EPSILON, alpha=0.0, fit_intercept=intercept, tol=1e-12, max_iter=100_000)
        model.fit((x - mean) / deviation, y, **given)
        w = model.coef_ / deviation
        b = model.intercept_ - np.sum(mean * w) if intercept else 0.0
        is_same = spec["l1"] == 0 and spec["l2"] == 0
        setting = f"epsilon={EPSILON}, alpha=0 (scale_={float(model.scale_)!r}), tol=1e-12, on standardised columns"
    else:
        scale = np.std(y)
        for _ in range(30):
            alpha = total * spec["l2"] / scale
            model = HuberRegressor(epsilon=EPSILON, alpha=alpha, fit_intercept=intercept, tol=1e-12, max_iter=100_000)
            model.fit(x, y, **given)
            if abs(model.scale_ - scale) <= 1e-7 * scale:
                break
            scale = model.scale_
        w, b, is_same = model.coef_, model.intercept_, True
        setting = f"epsilon={EPSILON}, alpha={float(alpha)!r} (scale_={float(model.scale_)!r}), tol=1e-12"
    answer = ("scikit-learn HuberRegressor", setting, (w[:, None], np.array([b], dtype=float)))
    return EPSILON * float(model.scale_), answer if is_same else None


# --- one case ---


def solve_one(spec, x, target, weights, epsilon, start, found):
    """One problem: w, b, certificate and (hinge) the rows on the kink. `found` collects the distances of the tools."""
    problem = Problem(
        x, target, spec["loss"], spec["l1"], spec["l2"], spec["fitIntercept"], weights, 1.0 if epsilon is None else epsilon
    )
    answers = []
    for name, setting, run in tools(spec, x, target, weights):
        answer = run()
        if answer is not None:
            answers.append((name, setting, answer))
    if start is not None:
        answers.append(start)
    kink = None
    if spec["loss"] == "hinge":
        w, b, kink, proof = optimum.hinge(problem)
    else:
        w, b = optimum.newton(problem, answers[0][2] if answers else None)
        w, b = optimum.refine(problem, w, b)
        proof = optimum.certificate(problem, w, b)
    zero = problem.exact(np.zeros_like(w), np.zeros_like(b))[0]
    proof["zero"] = float(zero)
    for name, setting, (tool_w, tool_b) in answers:
        # on the weights that are the same in every optimum
        same = np.ones(w.size, dtype=bool)
        same[[i for i in proof.get("undetermined", []) if i >= 0]] = False
        away = float(np.abs((tool_w - w).T.ravel()[same]).max() / np.abs(w).max())
        excess = float(problem.exact(tool_w, tool_b)[0] / problem.exact(w, b)[0] - 1)
        found.setdefault((name, setting), []).append((away, excess))
    return w, b, proof, kink


WORST = {"subgradient": max, "distance": max, "bound": max, "conditionNumber": max, "spread": max, "interceptSpread": max, "kink": max, "slack": min, "smallest": min}


def quality(spec, x, y, classes, w, b):
    m = x @ w + b
    if classes is None:
        square = ((m[:, 0] - y) ** 2).sum()
        return {"rmse": float(np.sqrt(square / len(y))), "r2": float(1 - square / ((y - y.mean()) ** 2).sum())}
    index = m.argmax(axis=1) if m.shape[1] > 1 else (m[:, 0] > 0).astype(int)
    return {"accuracy": float(np.mean(classes[index] == y))}


def solve_case(spec, x, y, test):
    weights = weights_of(spec["weights"], y)
    is_classifier = spec["loss"] in optimum.CLASSIFIERS
    classes = np.unique(y) if is_classifier else None
    epsilon, start, found = None, None, {}
    if spec["huber"] is not None:
        epsilon, start = huber_by_tool(spec, x, y, weights)
    if spec["loss"] == "softmax":
        targets = [np.searchsorted(classes, y)]
    elif spec["rest"]:
        targets = [np.where(y == label, 1.0, -1.0) for label in classes]
    elif is_classifier:
        targets = [np.where(y == classes[1], 1.0, -1.0)]
    else:
        targets = [y]
    solved = [solve_one(spec, x, target, weights, epsilon, start, found) for target in targets]
    w = np.hstack([one[0] for one in solved])
    b = np.concatenate([one[1] for one in solved])
    proofs = [one[2] for one in solved]
    proof = {}
    for key in proofs[0]:
        values = [one[key] for one in proofs]
        if key in WORST:
            known = [value for value in values if value is not None]
            proof[key] = WORST[key](known) if known else None
        else:
            proof[key] = values if spec["rest"] else values[0]
    objective, zero = proof.pop("objective"), proof.pop("zero")
    out = {
        "name": spec["name"],
        "loss": spec["loss"],
        "l1": spec["l1"],
        "l2": spec["l2"],
        "epsilon": epsilon,
        "fitIntercept": spec["fitIntercept"],
        "weights": spec["weights"],
        "oneAgainstTheRest": spec["rest"],
        "tools": [
            {
                "name": name,
                "setting": setting if len(away) == 1 else f"{setting}, one per class",
                "distance": max(one[0] for one in away),
                "excess": max(one[1] for one in away),
            }
            for (name, setting), away in found.items()
        ],
        "certificate": proof,
        "objective": objective,
        "objectiveAtZero": zero,
        "train": quality(spec, x, y, classes, w, b),
    }
    if test is not None:
        out["test"] = quality(spec, *test, classes, w, b)
    # outputs x cols, row-major, as coef of the package
    out["coef"] = w.T.ravel().tolist()
    out["intercept"] = b.tolist()
    if solved[0][3] is not None:
        out["kink"] = [one[3] for one in solved]
    return out


def main():
    folder, target, *only = sys.argv[1:]
    made = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
        "liblinear": liblinear_version(),
    }
    for dataset in only or CASES:
        x, y, test = READERS[dataset](folder)
        cases = []
        for spec in CASES[dataset]:
            started = time.perf_counter()
            one = solve_case(spec, x, y, test)
            cases.append(one)
            proof = one["certificate"]
            shown = {key: proof[key] for key in ("subgradient", "distance", "bound", "conditionNumber", "slack", "smallest", "nonzeros", "kink", "rank") if key in proof}
            text = " ".join(f"{key} {value:.2g}" if isinstance(value, float) else f"{key} {value}" for key, value in shown.items())
            away = " ".join(f"[{tool['name']} {tool['distance']:.1e} {tool['excess']:.1e}]" for tool in one["tools"])
            print(f"{dataset}: {one['name']}: {text} {away} {one['train']} {time.perf_counter() - started:.1f} s", flush=True)
        head = {"dataset": dataset, "rows": len(y), "cols": x.shape[1], "made": made}
        with open(os.path.join(target, f"{dataset}.json"), "w", encoding="ascii") as file:
            file.write("{\n")
            for key, value in head.items():
                file.write(f" {json.dumps(key)}: {json.dumps(value)},\n")
            file.write(' "cases": [\n  ' + ",\n  ".join(json.dumps(one, separators=(",", ":")) for one in cases) + "\n ]\n}\n")


if __name__ == "__main__":
    main()
