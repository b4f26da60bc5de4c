"""scikit-learn and liblinear as competitors: python3 bench/peers/native.py FOLDER [--quick] (the protocol: bench/child.ts).

Debian: apt-get install python3-sklearn liblinear4. One thread. Imports, and the arrays in memory (float32, float64, CSR), come before the clock.
Iterative solvers are watched from inside through the functions that scikit-learn calls once per iteration, which costs next to nothing and spares
them the runs with ever more iterations; where such a function is not found, and for solvers in C, those runs are made ("ladder").
"""
import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"):
    os.environ[name] = "1"

import ctypes
import ctypes.util
import gc
import json
import sys
import time
import warnings

import numpy as np

FOLDER = sys.argv[1]
QUICK = "--quick" in sys.argv
warnings.filterwarnings("ignore")


def say(value):
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


try:
    import scipy.sparse
    import sklearn
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.linear_model import _logistic as logistic_module
except ImportError as error:
    say({"peer": "native", "version": "", "offers": [], "reason": f"{sys.executable}: {error}"})
    sys.exit(0)

with open(os.path.join(FOLDER, "set.json"), encoding="utf-8") as file:
    SET = json.load(file)
N, D, OUTPUTS, LOSS, L2 = SET["rows"], SET["cols"], SET["outputs"], SET["loss"], SET["l2"]
VALUES = np.fromfile(os.path.join(FOLDER, "values.f32"), dtype=np.float32).reshape(N, D)
LABELS = np.fromfile(os.path.join(FOLDER, "labels.f64"), dtype=np.float64)
C = 1.0 / (L2 * N)
FORMS = {}


def rows_as(form):
    """The data as float32, float64, csr32 or csr64; kept, so that no run pays for them."""
    if form not in FORMS:
        kind = np.float32 if form.endswith("32") else np.float64
        FORMS[form] = scipy.sparse.csr_matrix(VALUES.astype(kind)) if form.startswith("csr") else VALUES.astype(kind)
    return FORMS[form]


class Enough(Exception):
    pass


class Trace:
    """The clock of one run, and what was seen on the way."""

    def __init__(self, order):
        self.clock = time.perf_counter if order["clock"] == "wall" else time.process_time
        self.cap = order["cap"]
        self.only = order["only"]
        self.points = []
        self.note = None

    def begin(self):
        self.started = self.clock()

    def point(self, weights, seconds=None, at=None):
        if seconds is None:
            seconds = self.clock() - self.started
        weights = np.array(weights, dtype=np.float64)
        self.points.append((len(self.points) if at is None else at, seconds, weights))
        if seconds > self.cap:
            self.note = f"ended after {self.cap} s"
        return self.note is None

    def watch(self, weights):
        """From inside a solver."""
        if not self.point(weights) or (self.only is not None and len(self.points) > max(self.only)):
            raise Enough

    def answer(self):
        path = os.path.join(FOLDER, f"weights-{os.getpid()}.f64")
        rows = [w.reshape(OUTPUTS, D) for _, _, w in self.points]
        (np.stack(rows) if rows else np.empty(0)).tofile(path)
        points = [{"at": at, "seconds": seconds} for at, seconds, _ in self.points]
        return {"points": points, "file": path, "claims": None, "note": self.note}


# --- LogisticRegression, watched from inside ---

# Multinomial weights come as a vector with the classes side by side.
def unravel(w):
    return w.reshape(OUTPUTS, D, order="F") if OUTPUTS > 1 else w


def watch_lbfgs(trace):
    original = logistic_module.optimize.minimize

    def minimize(*args, **kwargs):
        # the default ends at a relative decrease of 2e-9: too early for the last target (newer releases have set it lower, too)
        kwargs["options"] = {**kwargs.get("options", {}), "ftol": 1e-15, "maxls": 50, "maxfun": 1_000_000}
        return original(*args, callback=lambda w: trace.watch(unravel(w)), **kwargs)

    class Optimize:
        def __getattr__(self, name):
            return minimize if name == "minimize" else getattr(watch_lbfgs.module, name)

    watch_lbfgs.module = logistic_module.optimize
    logistic_module.optimize = Optimize()

    def restore():
        logistic_module.optimize = watch_lbfgs.module

    return restore


def watch_newton_cg(trace):
    original = logistic_module._newton_cg

    def newton_cg(grad_hess, *args, **kwargs):
        def watched(w, *rest, **more):
            trace.watch(unravel(w))
            return grad_hess(w, *rest, **more)

        return original(watched, *args, **kwargs)

    logistic_module._newton_cg = newton_cg

    def restore():
        logistic_module._newton_cg = original

    return restore


def watch_newton_cholesky(trace):
    solver = logistic_module.NewtonCholeskySolver
    original = solver.check_convergence

    def check_convergence(self, *args, **kwargs):
        trace.watch(self.coef)
        return original(self, *args, **kwargs)

    solver.check_convergence = check_convergence

    def restore():
        solver.check_convergence = original

    return restore


# Of the largest derivative of F; enough for a gap of 1e-9 even along directions that only l2 bends.
TOLERANCE = 1e-8
# Before 1.4 lbfgs and newton-cg looked at the sum of the losses, not at their mean.
IS_SUM = tuple(int(part) for part in sklearn.__version__.split(".")[:2]) < (1, 4)
WATCHED = {"lbfgs": watch_lbfgs, "newton-cg": watch_newton_cg, "newton-cholesky": watch_newton_cholesky}


def model(solver, max_iter, tol):
    many = "multinomial" if OUTPUTS > 1 else "ovr"
    return LogisticRegression(
        solver=solver, C=C, fit_intercept=False, tol=tol, max_iter=max_iter, multi_class=many, random_state=0
    )


def watched(solver, form):
    def run(trace):
        rows = rows_as(form)
        labels = LABELS.astype(rows.dtype)
        one = model(solver, 10_000, TOLERANCE * (N if IS_SUM and solver != "newton-cholesky" else 1))
        restore = WATCHED[solver](trace)
        gc.collect()
        trace.begin()
        try:
            one.fit(rows, labels)
            trace.point(one.coef_)
        except Enough:
            pass
        finally:
            restore()

    return {"competitor": f"scikit-learn {solver}", "setting": form, "kind": "path", "run": run}


# --- one complete run per point ---


def ladder(competitor, setting, steps, fit):
    """fit(step, begin) makes a model; returns its weights and whether more would change nothing. It calls begin() where the clock starts."""

    def run(trace):
        spent = 0.0
        for at, step in enumerate(steps):
            if trace.only is not None and at not in trace.only:
                continue
            gc.collect()
            weights, is_final = fit(step, trace.begin)
            trace.point(weights, at=at)
            spent += trace.points[-1][1]
            if is_final or trace.note is not None:
                return
            # the next step takes about twice as long
            if trace.only is None and spent > trace.cap:
                trace.note = f"no harder runs after {spent:.0f} s"
                return

    return {"competitor": competitor, "setting": setting, "kind": "ladder", "run": run}


def sag(solver, form):
    def fit(epochs, begin):
        rows = rows_as(form)
        labels = LABELS.astype(rows.dtype)
        one = model(solver, epochs, 1e-8)
        begin()
        weights = one.fit(rows, labels).coef_
        return weights, max(one.n_iter_) < epochs

    return ladder(f"scikit-learn {solver}", form, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512], fit)


def liblinear(form):
    def fit(tol, begin):
        rows = rows_as(form)
        one = model("liblinear", 10_000, tol)
        begin()
        return one.fit(rows, LABELS).coef_, False

    return ladder("scikit-learn liblinear", form, [10.0**-k for k in range(0, 9)], fit)


def ridge(solver, form, tolerances):
    def fit(tol, begin):
        rows = rows_as(form)
        labels = LABELS.astype(rows.dtype)
        one = Ridge(alpha=L2 * N, fit_intercept=False, solver=solver, tol=tol, max_iter=100_000)
        begin()
        return one.fit(rows, labels).coef_, False

    return ladder(f"scikit-learn Ridge {solver}", form, tolerances, fit)


# --- liblinear itself, through its shared library ---


class Node(ctypes.Structure):
    _fields_ = [("index", ctypes.c_int), ("value", ctypes.c_double)]


class LinearProblem(ctypes.Structure):
    _fields_ = [
        ("l", ctypes.c_int),
        ("n", ctypes.c_int),
        ("y", ctypes.POINTER(ctypes.c_double)),
        ("x", ctypes.POINTER(ctypes.c_void_p)),
        ("bias", ctypes.c_double),
    ]


def structs(version):
    """parameter and model: 2.40 has brought new fields; what came later lies in the padding behind them."""
    ints, doubles = ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_double)
    is_new = version >= 240

    class Parameter(ctypes.Structure):
        _fields_ = [
            ("solver_type", ctypes.c_int),
            ("eps", ctypes.c_double),
            ("C", ctypes.c_double),
            ("nr_weight", ctypes.c_int),
            ("weight_label", ints),
            ("weight", doubles),
            ("p", ctypes.c_double),
            *([("nu", ctypes.c_double)] if is_new else []),
            ("init_sol", doubles),
            *([("regularize_bias", ctypes.c_int), ("w_recalc", ctypes.c_bool)] if is_new else []),
        ]

    class LinearModel(ctypes.Structure):
        _fields_ = [
            ("param", Parameter),
            ("nr_class", ctypes.c_int),
            ("nr_feature", ctypes.c_int),
            ("w", doubles),
            ("label", ints),
            ("bias", ctypes.c_double),
            *([("rho", ctypes.c_double)] if is_new else []),
        ]

    return Parameter, LinearModel


QUIET = ctypes.CFUNCTYPE(None, ctypes.c_char_p)(lambda _: None)


def open_liblinear():
    """The library, or None where it is absent or of a release whose structs are not known here."""
    name = ctypes.util.find_library("linear")
    for candidate in (name, "liblinear.so.4"):
        try:
            library = ctypes.CDLL(candidate) if candidate else None
            version = ctypes.c_int.in_dll(library, "liblinear_version").value if library else 0
        except (OSError, ValueError):
            continue
        if 230 <= version < 250:
            parameter, model_type = structs(version)
            library.train.restype = ctypes.POINTER(model_type)
            library.train.argtypes = [ctypes.POINTER(LinearProblem), ctypes.POINTER(parameter)]
            library.free_and_destroy_model.argtypes = [ctypes.POINTER(ctypes.POINTER(model_type))]
            library.set_print_string_function(QUIET)
            return library, version, parameter
    return None, 0, None


LIBLINEAR, LIBLINEAR_VERSION, Parameter = open_liblinear()
NODES = []


def nodes():
    """Rows as liblinear holds them in memory: (index, value) pairs ended by index -1."""
    if not NODES:
        csr = rows_as("csr64")
        counts = np.diff(csr.indptr)
        flat = np.zeros(csr.nnz + N, dtype=np.dtype([("index", np.int32), ("value", np.float64)], align=True))
        ends = np.cumsum(counts + 1) - 1
        is_value = np.ones(len(flat), dtype=bool)
        is_value[ends] = False
        flat["index"][is_value] = csr.indices + 1
        flat["value"][is_value] = csr.data
        flat["index"][ends] = -1
        starts = (ends - counts) * flat.itemsize + flat.ctypes.data
        NODES.extend([flat, starts.astype(np.uintp)])
    return NODES[1]


def native(kind, title, smallest):
    def fit(eps, begin):
        pointers = nodes()
        labels = np.ascontiguousarray(LABELS)
        problem = LinearProblem(
            N,
            D,
            labels.ctypes.data_as(ctypes.POINTER(ctypes.c_double)),
            pointers.ctypes.data_as(ctypes.POINTER(ctypes.c_void_p)),
            -1.0,
        )
        parameter = Parameter(solver_type=kind, eps=eps, C=C, p=0.1)
        if LIBLINEAR_VERSION >= 240:
            parameter.regularize_bias = 1
        begin()
        trained = LIBLINEAR.train(ctypes.byref(problem), ctypes.byref(parameter))
        sign = 1.0 if trained.contents.label[0] == 1 else -1.0
        weights = sign * np.ctypeslib.as_array(trained.contents.w, (D,)).copy()
        LIBLINEAR.free_and_destroy_model(ctypes.byref(trained))
        return weights, False

    return ladder("liblinear", title, [10.0**-k for k in range(0, smallest + 1)], fit)


def offers():
    is_sparse = SET["density"] < 0.7
    sparse = ["csr64", "csr32"] if is_sparse else []
    if LOSS == "squared":
        tolerances = [10.0**-k for k in range(1, 13)]
        runs = [ridge("cholesky", "float64", [1e-9]), ridge("cholesky", "float32", [1e-9])]
        if not QUICK:
            for form in ("float64", "float32"):
                runs += [ridge("sparse_cg", form, tolerances), ridge("lsqr", form, tolerances)]
            runs.append(ridge("sag", "float64", tolerances))
        return runs
    if QUICK:
        runs = [watched("newton-cg", "float64"), watched("lbfgs", "float64")]
        if OUTPUTS == 1:
            runs += [watched("newton-cholesky", "float64"), *(linears(["csr64"]) if is_sparse else [])]
        return runs
    runs = [watched(solver, form) for solver in ("newton-cg", "lbfgs") for form in ("float64", "float32", *sparse)]
    if OUTPUTS == 1:
        # float32 is not accepted
        runs.append(watched("newton-cholesky", "float64"))
        runs += linears(["float64", *sparse[:1]])
    for solver in ("sag", "saga"):
        runs += [sag(solver, form) for form in ("float32", "float64", *sparse[:1])]
    return runs


def linears(forms):
    runs = [liblinear(form) for form in forms]
    if LIBLINEAR is not None:
        runs.append(native(0, f"{LIBLINEAR_VERSION / 100:.2f}, -s 0 (Newton)", 8))
        if not QUICK:
            runs.append(native(7, f"{LIBLINEAR_VERSION / 100:.2f}, -s 7 (dual)", 6))
    return runs


RUNS = offers()
say(
    {
        "peer": "native",
        "version": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}",
        "offers": [{key: one[key] for key in ("competitor", "setting", "kind")} for one in RUNS],
        "reason": None,
    }
)
for line in sys.stdin:
    order = json.loads(line)
    trace = Trace(order)
    try:
        RUNS[order["run"]]["run"](trace)
    except Exception as error:  # one solver's failure is not the end of the others
        trace.note = f"{type(error).__name__}: {error}".split("\n")[0]
    say(trace.answer())
