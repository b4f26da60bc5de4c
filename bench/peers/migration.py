"""The numbers of docs/guides/migration.md: python3 bench/peers/migration.py DATA_DIR

Per line: a setting of scikit-learn or liblinear, the l1 and l2 of F (optimum.py) that the guide gives for it, and how far the tool's weights are from that
optimum, max |w - w*| / max |w*|. Breast cancer and diabetes with standardised columns, so that the tools' own solvers are not what is measured.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# one thread, before numpy is imported
from reference import LIBLINEAR, breast_cancer, diabetes, digits, logistic_with

import subprocess
import tempfile
import warnings

import numpy as np
import optimum
from optimum import Problem
from sklearn.linear_model import ElasticNet, HuberRegressor, Lasso, LogisticRegression, Ridge, RidgeClassifier, SGDClassifier, SGDRegressor
from sklearn.svm import SVC, LinearSVC, LinearSVR

warnings.filterwarnings("ignore")
FOLDER = sys.argv[1]


def standard(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)


X, LABEL, _ = breast_cancer(FOLDER)
X, Y = standard(X), np.where(LABEL == 1, 1.0, -1.0)
XR, YR, _ = diabetes(FOLDER)
XR = standard(XR)
# targets that a tool without an intercept can follow
YR = YR - 100
N, NR = len(Y), len(YR)
W = 1.0 + np.arange(N) % 5
WR = 1.0 + np.arange(NR) % 5


def ours(loss, l1=0.0, l2=0.0, intercept=True, weights=None, epsilon=1.0, x=None, y=None):
    if x is None:
        x, y = (XR, YR) if loss in ("squared", "huber") and y is None else (X, Y)
    problem = Problem(x, y, loss, l1, l2, intercept, weights, epsilon)
    if loss == "hinge":
        w, b, _, _ = optimum.hinge(problem)
    else:
        w, b = optimum.refine(problem, *optimum.newton(problem))
        optimum.certificate(problem, w, b)
    return w[:, 0] if w.shape[1] == 1 else w, b


def compare(title, found, wanted):
    w = wanted[0]
    print(f"{title}: {np.abs(np.asarray(found) - w).max() / np.abs(w).max():.1e}", flush=True)


def coef(model, x=X, y=Y, **more):
    return np.ravel(model.fit(x, y, **more).coef_)


def with_ones(x, value=1.0):
    return np.hstack([x, np.full((len(x), 1), value)])


C = 0.1
print("# scikit-learn, C = 0.1")
compare("LogisticRegression, l2 = 1/(nC)", coef(logistic_with("newton-cholesky", C, 0.0, True, 1e-12, 1000)), ours("logistic", l2=1 / (N * C)))
compare("LogisticRegression l1_ratio=1, l1 = 1/(nC)", coef(logistic_with("saga", C, 1.0, True, 1e-12, 20000)), ours("logistic", l1=1 / (N * C)))
compare(
    "LogisticRegression l1_ratio=0.3, l1 = 0.3/(nC), l2 = 0.7/(nC)",
    coef(logistic_with("saga", C, 0.3, True, 1e-12, 20000)),
    ours("logistic", l1=0.3 / (N * C), l2=0.7 / (N * C)),
)
compare(
    "LogisticRegression, sample_weight, l2 = 1/(S C)",
    coef(logistic_with("newton-cholesky", C, 0.0, True, 1e-12, 1000), sample_weight=W),
    ours("logistic", l2=1 / (W.sum() * C), weights=W),
)
balanced = np.where(Y > 0, N / (2 * (Y > 0).sum()), N / (2 * (Y < 0).sum()))
model = logistic_with("newton-cholesky", C, 0.0, True, 1e-12, 1000).set_params(class_weight="balanced")
compare("LogisticRegression, balanced, l2 = 1/(nC)", coef(model), ours("logistic", l2=1 / (N * C), weights=balanced))
mapped = np.where(Y > 0, 3.0, 1.0)
model = logistic_with("newton-cholesky", C, 0.0, True, 1e-12, 1000).set_params(class_weight={-1.0: 1.0, 1.0: 3.0})
compare("LogisticRegression, class_weight {-1: 1, 1: 3}, l2 = 1/(S C)", coef(model), ours("logistic", l2=1 / (mapped.sum() * C), weights=mapped))
compare("  the same with l2 = 1/(nC)", coef(model), ours("logistic", l2=1 / (N * C), weights=mapped))
liblinear = logistic_with("liblinear", C, 0.0, True, 1e-10, 10000)
compare("LogisticRegression solver=liblinear, intercept, l2 = 1/(nC), free intercept", coef(liblinear), ours("logistic", l2=1 / (N * C)))
extra = ours("logistic", l2=1 / (N * C), intercept=False, x=with_ones(X), y=Y)
compare("  against a column of ones and fitIntercept: false", np.append(liblinear.coef_, liblinear.intercept_), extra)

for penalty, name in (("l2", "l2"), ("l1", "l1")):
    model = LinearSVC(penalty=penalty, loss="squared_hinge", dual=False, C=C, fit_intercept=False, tol=1e-10, max_iter=100_000)
    compare(f"LinearSVC {penalty} squared_hinge, no intercept, {name} = 1/(2nC)", coef(model), ours("squaredHinge", **{name: 1 / (2 * N * C)}, intercept=False))
model = LinearSVC(loss="hinge", dual=True, C=C, fit_intercept=False, tol=1e-9, max_iter=1_000_000)
compare("LinearSVC hinge, no intercept, l2 = 1/(nC)", coef(model), ours("hinge", l2=1 / (N * C), intercept=False))
model = LinearSVC(loss="squared_hinge", dual=False, C=C, tol=1e-10, max_iter=100_000)
compare("LinearSVC squared_hinge, intercept, l2 = 1/(2nC), free intercept", coef(model), ours("squaredHinge", l2=1 / (2 * N * C)))
extra = ours("squaredHinge", l2=1 / (2 * N * C), intercept=False, x=with_ones(X), y=Y)
compare("  against a column of ones and fitIntercept: false", np.append(model.coef_, model.intercept_), extra)
model = LinearSVC(loss="squared_hinge", dual=False, C=C, tol=1e-10, max_iter=100_000, intercept_scaling=100.0)
compare("  intercept_scaling=100, free intercept", coef(model), ours("squaredHinge", l2=1 / (2 * N * C)))
compare("SVC(kernel=linear), intercept, l2 = 1/(nC)", coef(SVC(kernel="linear", C=C, tol=1e-10)), ours("hinge", l2=1 / (N * C)))

alpha = 3.0
compare("Ridge alpha=3, l2 = alpha/n", coef(Ridge(alpha=alpha), XR, YR), ours("squared", l2=alpha / NR))
compare("Ridge alpha=3, sample_weight, l2 = alpha/S", coef(Ridge(alpha=alpha), XR, YR, sample_weight=WR), ours("squared", l2=alpha / WR.sum(), weights=WR))
compare("Lasso alpha=3, l1 = alpha", coef(Lasso(alpha=alpha, tol=1e-14), XR, YR), ours("squared", l1=alpha))
compare("Lasso alpha=3, sample_weight, l1 = alpha", coef(Lasso(alpha=alpha, tol=1e-14), XR, YR, sample_weight=WR), ours("squared", l1=alpha, weights=WR))
compare(
    "ElasticNet alpha=3, l1_ratio=0.3",
    coef(ElasticNet(alpha=alpha, l1_ratio=0.3, tol=1e-14), XR, YR),
    ours("squared", l1=0.3 * alpha, l2=0.7 * alpha),
)
compare("RidgeClassifier alpha=3, squared loss on -1 and 1, l2 = alpha/n", coef(RidgeClassifier(alpha=alpha), X, Y), ours("squared", l2=alpha / N, x=X, y=Y))
model = HuberRegressor(epsilon=1.35, alpha=alpha, tol=1e-12, max_iter=10000).fit(XR, YR)
compare(
    "HuberRegressor alpha=3, epsilon=1.35, l2 = alpha scale_/n, epsilon = 1.35 scale_",
    model.coef_,
    ours("huber", l2=alpha * model.scale_ / NR, epsilon=1.35 * model.scale_),
)
model = LinearSVR(epsilon=0.0, loss="squared_epsilon_insensitive", C=C, fit_intercept=False, dual=False, tol=1e-12, max_iter=100_000)
compare("LinearSVR squared, epsilon=0, no intercept, l2 = 1/(2nC)", coef(model, XR, YR), ours("squared", l2=1 / (2 * NR * C), intercept=False))

print("# SGD: alpha; long runs with a decreasing step come near, no nearer")
sgd = {"alpha": 1e-2, "max_iter": 20000, "tol": None, "random_state": 0, "average": True, "learning_rate": "invscaling", "eta0": 0.05, "power_t": 0.5}
compare("SGDClassifier log_loss, l2 = alpha", coef(SGDClassifier(loss="log_loss", **sgd)), ours("logistic", l2=1e-2))
compare("SGDClassifier hinge, l2 = alpha", coef(SGDClassifier(loss="hinge", **sgd)), ours("hinge", l2=1e-2))
squared_hinge = coef(SGDClassifier(loss="squared_hinge", **sgd))
compare("SGDClassifier squared_hinge, l2 = alpha/2", squared_hinge, ours("squaredHinge", l2=5e-3))
compare("  with l2 = alpha", squared_hinge, ours("squaredHinge", l2=1e-2))
compare("SGDRegressor squared_error, l2 = alpha", coef(SGDRegressor(loss="squared_error", **sgd), XR, YR), ours("squared", l2=1e-2))
compare("SGDRegressor huber epsilon=30, l2 = alpha", coef(SGDRegressor(loss="huber", epsilon=30.0, **{**sgd, "eta0": 0.5}), XR, YR), ours("huber", l2=1e-2, epsilon=30.0))

print("# default tolerances")
XD, YD, _ = digits(FOLDER)
wanted = ours("softmax", l2=1e-2, x=XD, y=YD)
compare("LogisticRegression() on digits, C = 1/(n 0.01), tol=1e-4, max_iter=100", LogisticRegression(C=1 / (len(YD) * 1e-2)).fit(XD, YD).coef_.T, wanted)
model = LogisticRegression(C=1 / (len(YD) * 1e-2), tol=1e-4, max_iter=10000).fit(XD, YD)
compare(f"  max_iter=10000 (took {model.n_iter_[0]})", model.coef_.T, wanted)
compare("LogisticRegression() on breast cancer, standardised, C=1", coef(LogisticRegression()), ours("logistic", l2=1 / N))
compare("LinearSVC(fit_intercept=False) on breast cancer, C=1", coef(LinearSVC(fit_intercept=False)), ours("squaredHinge", l2=1 / (2 * N), intercept=False))
compare("Lasso(alpha=3) on diabetes", coef(Lasso(alpha=3.0), XR, YR), ours("squared", l1=3.0))


def native(kind, x, y, *more):
    """liblinear-train: weights (with the bias last, if any) of the label that the model names first."""
    with tempfile.TemporaryDirectory() as folder:
        rows, model = os.path.join(folder, "rows"), os.path.join(folder, "model")
        with open(rows, "w", encoding="ascii") as file:
            for row, label in zip(x.tolist(), y.tolist()):
                file.write(f"{label:.17g} " + " ".join(f"{j + 1}:{value!r}" for j, value in enumerate(row)) + "\n")
        subprocess.run([LIBLINEAR, "-s", str(kind), "-c", repr(C), "-q", *more, rows, model], check=True, stdout=subprocess.DEVNULL)
        with open(model, encoding="ascii") as file:
            head, tail = file.read().split("\nw\n")
    first = next((line.split()[1] for line in head.split("\n") if line.startswith("label")), None)
    return np.array([float(value) for value in tail.split()]), first


if LIBLINEAR is not None:
    print("# liblinear, -c 0.1; rows from 1 on, so that the first label is as in the file")
    print(f"label of the first row {Y[0]:g}, first label of the model {native(0, X, Y)[1]}")
    sign = 1.0 if float(native(0, X, Y)[1]) > 0 else -1.0
    sharp = ("-e", "1e-10")
    for kind, loss, name, strength in (
        (0, "logistic", "l2", 1 / (N * C)),
        (7, "logistic", "l2", 1 / (N * C)),
        (1, "squaredHinge", "l2", 1 / (2 * N * C)),
        (2, "squaredHinge", "l2", 1 / (2 * N * C)),
        (3, "hinge", "l2", 1 / (N * C)),
        (5, "squaredHinge", "l1", 1 / (2 * N * C)),
        (6, "logistic", "l1", 1 / (N * C)),
    ):
        wanted = ours(loss, **{name: strength}, intercept=False)
        compare(f"-s {kind} -e 1e-10", sign * native(kind, X, Y, *sharp)[0], wanted)
        compare(f"-s {kind}, default -e", sign * native(kind, X, Y)[0], wanted)
    for kind in (11, 12):
        wanted = ours("squared", l2=1 / (2 * NR * C), intercept=False)
        compare(f"-s {kind} -p 0 -e 1e-10, l2 = 1/(2nC)", native(kind, XR, YR, "-p", "0", *sharp)[0], wanted)
    for bias in (1.0, 2.0):
        wanted = ours("logistic", l2=1 / (N * C), intercept=False, x=with_ones(X, bias), y=Y)
        compare(f"-s 0 -B {bias:g}, a column of {bias:g}, fitIntercept: false", sign * native(0, X, Y, "-B", str(bias), *sharp)[0], wanted)
    free = ours("logistic", l2=1 / (N * C))
    for bias in ("1", "10", "100"):
        compare(f"-s 0 -B {bias} against a free intercept", sign * native(0, X, Y, "-B", bias, *sharp)[0][:-1], free)
    compare(
        "-s 0 -w1 3, weights 3 of that class, l2 = 1/(S C)",
        sign * native(0, X, Y, "-w1", "3", *sharp)[0],
        ours("logistic", l2=1 / (mapped.sum() * C), weights=mapped, intercept=False),
    )

print("# the snippet of the guide: coef, intercept")
XS = np.array([[0.2, 3, 1], [1.1, 1, 0], [0.3, 2, 2], [1.4, 0.5, 1], [0.9, 2.5, 0], [0.1, 0.7, 2]])
YS, TS = np.array([0, 1, 0, 1, 1, 0]), np.array([1.5, 4, 1, 5.5, 4.5, 0.5])
for name, model, y in (
    ("LogisticRegression(C=0.5)", logistic_with("newton-cholesky", 0.5, 0.0, True, 1e-12, 1000), YS),
    ("LogisticRegression(C=5, l1_ratio=1)", logistic_with("saga", 5, 1.0, True, 1e-14, 1_000_000), YS),
    ("LogisticRegression(C=5, l1_ratio=0.3)", logistic_with("saga", 5, 0.3, True, 1e-14, 1_000_000), YS),
    ("LinearSVC(C=0.5, fit_intercept=False)", LinearSVC(C=0.5, fit_intercept=False, dual=False, tol=1e-12, max_iter=100_000), YS),
    ("Ridge(alpha=2)", Ridge(alpha=2, tol=1e-12), TS),
    ("Lasso(alpha=0.1)", Lasso(alpha=0.1, tol=1e-14, max_iter=1_000_000), TS),
    ("ElasticNet(alpha=0.1, l1_ratio=0.7)", ElasticNet(alpha=0.1, l1_ratio=0.7, tol=1e-14, max_iter=1_000_000), TS),
):
    model.fit(XS, y)
    print(f"{name}: {' '.join(f'{value:.5f}' for value in np.append(model.coef_, model.intercept_))}", flush=True)
