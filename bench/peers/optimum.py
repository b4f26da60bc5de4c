"""The exact optimum of  F(w, b) = sum p_i loss(w.x_i + b, y_i) + l1 |w|_1 + l2/2 |w|^2  (p_i = omega_i / n, b free), and a certificate of it.

Newton's method in float64 on standardised columns, the penalties in the user's units; then the same steps from gradients in extended precision
(80 bits: numpy's longdouble on x86), so that the weights that come out are the optimum rounded to float64. With l1 each quadratic model is solved
by an active set, and the last steps hold the signs; hinge: an interior-point method finds the rows on the kink, and these determine the weights.
"""
import numpy as np

LONG = np.longdouble
assert np.finfo(LONG).eps < 1e-18, "numpy's longdouble has no more digits than float64 here: use an x86 machine"

CLASSIFIERS = ("logistic", "softmax", "squaredHinge", "hinge")


class Problem:
    """x: n x d as the user has them; y: +-1, targets, or class numbers (softmax); weights: any multiple of omega, or None."""

    def __init__(self, x, y, loss, l1=0.0, l2=0.0, intercept=True, weights=None, epsilon=1.0):
        self.x, self.loss, self.l1, self.l2, self.intercept, self.epsilon = x, loss, l1, l2, intercept, epsilon
        self.n, self.d = x.shape
        self.k = int(y.max()) + 1 if loss == "softmax" else 1
        self.y = y.astype(int) if loss == "softmax" else y.astype(float)
        weights = np.ones(self.n) if weights is None else np.asarray(weights, dtype=float)
        self.p = weights / weights.sum()
        # standardised columns; a constant one becomes 0 where the intercept makes up for it
        self.mean = x.mean(axis=0) if intercept else np.zeros(self.d)
        constant = np.ptp(x, axis=0) == 0
        self.mean[constant & intercept] = x[0, constant & intercept]
        scale = np.sqrt(((x - self.mean) ** 2).mean(axis=0))
        self.scale = np.where(scale > 0, scale, 1.0)
        self.z = (x - self.mean) / self.scale
        self.ridge = l2 / self.scale**2
        self.lasso = l1 / self.scale
        # columns without any value have no part in the data
        self.empty = ~self.z.any(axis=0)

    # --- one-margin losses and softmax, in the type of the margins ---

    def pieces(self, m):
        """Loss per row, first derivative (n x k), second derivative (n, or n x k probabilities for softmax)."""
        y = self.y
        one = m.dtype.type(1)
        if self.loss == "softmax":
            top = m.max(axis=1, keepdims=True)
            e = np.exp(m - top)
            total = e.sum(axis=1, keepdims=True)
            prob = e / total
            rows = np.arange(self.n)
            value = np.log(total[:, 0]) + top[:, 0] - m[rows, y]
            first = prob.copy()
            first[rows, y] -= one
            return value, first, prob
        m = m[:, 0]
        if self.loss == "squared":
            return (m - y) ** 2 / 2, (m - y)[:, None], np.ones_like(m)
        if self.loss == "huber":
            r = m - y
            inside = np.abs(r) <= self.epsilon
            value = np.where(inside, r * r / 2, self.epsilon * np.abs(r) - one * self.epsilon * self.epsilon / 2)
            return value, np.clip(r, -self.epsilon, self.epsilon)[:, None], inside.astype(m.dtype)
        t = y * m
        if self.loss == "logistic":
            e = np.exp(-np.abs(t))
            small = e / (one + e)
            value = np.maximum(-t, 0) + np.log1p(e)
            first = -y * np.where(t >= 0, small, one / (one + e))
            return value, first[:, None], small * (one - small)
        slack = np.maximum(one - t, 0)
        if self.loss == "squaredHinge":
            return slack * slack / 2, (-y * slack)[:, None], (slack > 0).astype(m.dtype)
        return slack, (-y * (slack > 0))[:, None], np.zeros_like(m)

    def value(self, v, c):
        """F at standardised coordinates."""
        loss = self.pieces(self.z @ v + c)[0]
        return self.p @ loss + (self.lasso[:, None] * np.abs(v)).sum() + (self.ridge[:, None] * v * v).sum() / 2

    def smooth(self, v, c):
        """Gradient of F without l1 in standardised coordinates, (d + 1) x k (intercept last), and the second derivatives."""
        _, first, second = self.pieces(self.z @ v + c)
        coefficient = self.p[:, None] * first
        g = np.vstack([self.z.T @ coefficient + self.ridge[:, None] * v, coefficient.sum(axis=0, keepdims=True)])
        return g, second

    def hessian(self, second):
        """k(d + 1) squared, index class * (d + 1) + column; the direction common to all intercepts gets a curvature of 1."""
        width = self.d + 1
        ones = np.hstack([self.z, np.ones((self.n, 1))])
        h = np.zeros((self.k * width, self.k * width))
        for a in range(self.k):
            for b in range(a + 1):
                if self.loss == "softmax":
                    curvature = self.p * (second[:, a] * ((a == b) - second[:, b]))
                else:
                    curvature = self.p * second
                used = curvature != 0
                block = (ones[used] * curvature[used, None]).T @ ones[used]
                if a == b:
                    block[np.arange(self.d), np.arange(self.d)] += self.ridge
                h[a * width : (a + 1) * width, b * width : (b + 1) * width] = block
                h[b * width : (b + 1) * width, a * width : (a + 1) * width] = block.T
        if self.loss == "softmax":
            last = np.arange(self.k) * width + self.d
            h[np.ix_(last, last)] += 1.0
        return h

    # --- the user's coordinates, in extended precision ---

    def exact(self, w, b):
        """F, gradient of its smooth part ((d + 1) x k) and second derivatives at w (d x k), b (k), all in extended precision."""
        if not hasattr(self, "x_long"):
            self.x_long = self.x.astype(LONG)
            self.xt_long = np.ascontiguousarray(self.x_long.T)
            # omega in extended precision as well: rounded shares would be another problem
            share = self.p.astype(LONG)
            self.p_long = share / share.sum()
        w, b = w.astype(LONG), b.astype(LONG)
        loss, first, second = self.pieces(self.x_long @ w + b)
        coefficient = self.p_long[:, None] * first
        l1, l2 = LONG(self.l1), LONG(self.l2)
        value = self.p_long @ loss + l1 * np.abs(w).sum() + l2 * (w * w).sum() / 2
        g = np.vstack([self.xt_long @ coefficient + l2 * w, coefficient.sum(axis=0, keepdims=True)])
        return value, g, second

    def to_standard(self, w, b):
        return w * self.scale[:, None], b + self.mean @ w

    def to_user(self, v, c):
        w = v / self.scale[:, None]
        return w, c - self.mean @ w


def solve(h, rhs):
    """Symmetric, positive semidefinite: scaled to a diagonal of ones; directions without curvature get no part."""
    if len(rhs) == 0:
        return rhs
    unit = np.sqrt(np.where(np.diag(h) > 0, np.diag(h), 1.0))
    scaled = h / np.outer(unit, unit)
    try:
        factor = np.linalg.cholesky(scaled)
        if np.diag(factor).min() > 1e-6:
            x = np.linalg.solve(factor.T, np.linalg.solve(factor, rhs / unit))
            return x / unit
    except np.linalg.LinAlgError:
        pass
    return np.linalg.lstsq(scaled, rhs / unit, rcond=1e-13)[0] / unit


def quadratic_step(h, g, start, lasso, may_move):
    """min g.s + s.h.s/2 + sum lasso |start + s| by an active set: the support with its signs; one coordinate leaves or enters at a time."""
    size = len(g)
    u = start.copy()
    on = may_move & ((u != 0) | (lasso == 0))
    sign = np.sign(u)
    for _ in range(20 * size + 100):
        slope = g + h @ (u - start)
        index = np.flatnonzero(on)
        move = np.zeros(size)
        move[index] = solve(h[np.ix_(index, index)], -(slope[index] + lasso[index] * sign[index]))
        # l1 alone along directions without curvature: it falls along one of the two ways, until a weight becomes 0
        unit = np.sqrt(np.maximum(np.diag(h)[index], 1e-300))
        left = (slope[index] + lasso[index] * sign[index] + h[np.ix_(index, index)] @ move[index]) / unit
        if len(index) > 0 and np.abs(left).max() > 1e-6 * (lasso[index] / unit).max() > 0:
            move[:] = 0
            move[index] = -left / unit
            falling = on & (lasso > 0) & (move * sign < 0)
            if not falling.any():
                raise RuntimeError("no end to a direction without curvature")
            move *= 2 * (-u[falling] / move[falling]).min()
        after = u + move
        crossing = on & (lasso > 0) & (after * sign < 0)
        if crossing.any():
            parts = np.full(size, np.inf)
            parts[crossing] = -u[crossing] / move[crossing]
            first = int(np.argmin(parts))
            u = u + min(max(parts[first], 0.0), 1.0) * move
            u[first] = 0.0
            on[first] = False
            sign[first] = 0.0
            continue
        u = after
        slope = g + h @ (u - start)
        excess = np.where(on | ~may_move, -np.inf, (np.abs(slope) - lasso) / np.sqrt(np.maximum(np.diag(h), 1e-300)))
        worst = int(np.argmax(excess))
        if not excess[worst] > 1e-13 * (1 + np.abs(g).max()):
            return u
        on[worst] = True
        sign[worst] = -np.sign(slope[worst])
    raise RuntimeError("the active set does not settle")


def newton(problem, start=None, steps=200):
    """Weights near the optimum, float64: w (d x k), b (k). Not for hinge."""
    d, k = problem.d, problem.k
    v, c = np.zeros((d, k)), np.zeros(k)
    if start is not None:
        other = problem.to_standard(*start)
        if problem.value(*other) <= problem.value(v, c):
            v, c = other[0].copy(), other[1].copy()
    v[problem.empty] = 0.0
    lasso = np.append(problem.lasso, 0.0)
    may_move = np.append(~problem.empty, problem.intercept)
    lasso, may_move = np.tile(lasso, k), np.tile(may_move, k)
    value = problem.value(v, c)
    for step in range(steps):
        g, second = problem.smooth(v, c)
        if problem.loss == "huber" and step < 30:
            # far from the data no row has a curvature: that of the parabola that touches the loss from above
            r = np.abs((problem.z @ v + c)[:, 0] - problem.y)
            second = np.minimum(1.0, problem.epsilon / np.maximum(r, 1e-300))
        h = problem.hessian(second)
        here = np.vstack([v, c]).T.ravel()
        there = quadratic_step(h, g.T.ravel(), here, lasso, may_move)
        move = there - here
        promise = g.T.ravel() @ move + (lasso * (np.abs(there) - np.abs(here))).sum()
        length = 1.0
        while True:
            next_point = there if length == 1.0 else here + length * move
            table = next_point.reshape(k, d + 1).T
            next_value = problem.value(table[:d], table[d])
            if next_value <= value + 1e-4 * length * promise or length < 1e-8:
                break
            length /= 2
        gained = value - next_value
        if next_value <= value + 1e-13 * abs(value):
            v, c, value = table[:d].copy(), table[d].copy(), next_value
        if problem.loss == "huber" and step < 30:
            continue
        if -promise <= 1e-17 * abs(value) or (gained <= 1e-15 * abs(value) and -promise < 1e-11 * abs(value)):
            break
    return problem.to_user(v, c)


def least_subgradient(problem, g, w):
    """g ((d + 1) x k) of the smooth part: what is left of it next to l1; 0 for an intercept that is not fitted."""
    left = g.copy()
    rows = left[: problem.d]
    l1 = LONG(problem.l1)
    at_zero = np.sign(rows) * np.maximum(np.abs(rows) - l1, 0)
    rows[:] = np.where(w != 0, rows + l1 * np.sign(w), at_zero)
    if not problem.intercept:
        left[problem.d] = 0
    return left


def refine(problem, w, b):
    """The optimum rounded to float64: Newton steps with gradients in extended precision, signs held."""
    d, k = problem.d, problem.k
    w, b = w.astype(LONG), b.astype(LONG)
    for _ in range(40):
        _, g, second = problem.exact(w, b)
        left = least_subgradient(problem, g, w)
        support = np.vstack([(w != 0) if problem.l1 > 0 else np.repeat(~problem.empty[:, None], k, axis=1), np.full((1, k), problem.intercept)])
        # a zero that l1 does not hold; one at its bound may stay
        support[:d] |= (np.abs(left[:d]) > 1e-9 * problem.l1) & ~problem.empty[:, None]
        # gradient in standardised coordinates
        standard = left.copy()
        standard[:d] = (left[:d] - np.outer(problem.mean, left[d])) / problem.scale[:, None]
        index = np.flatnonzero(support.T.ravel())
        h = problem.hessian(second.astype(float))[np.ix_(index, index)]
        move = np.zeros(k * (d + 1))
        move[index] = solve(h, -standard.T.ravel()[index].astype(float))
        move = move.reshape(k, d + 1).T
        dw = move[:d] / problem.scale[:, None]
        db = move[d] - problem.mean @ dw
        after = w + dw
        flipped = (w != 0) & (np.sign(after) != np.sign(w)) & (problem.l1 > 0)
        after[flipped] = 0
        w, b = after, b + db
        if not flipped.any() and np.abs(dw).max() <= 1e-18 * np.abs(w).max():
            break
    b = b - b.mean() if problem.loss == "softmax" else b
    return w.astype(float), b.astype(float)


def certificate(problem, w, b):
    """What the weights, rounded as they are stored, leave of the conditions of the optimum, and what follows for their distance from it."""
    d, k = problem.d, problem.k
    value, g, second = problem.exact(w, b)
    left = least_subgradient(problem, g, w)
    support = np.vstack([(w != 0) if problem.l1 > 0 else np.repeat(~problem.empty[:, None], k, axis=1), np.full((1, k), problem.intercept)])
    index = np.flatnonzero(support.T.ravel())
    h = problem.hessian(second.astype(float))[np.ix_(index, index)]
    standard = left.copy()
    standard[:d] = (left[:d] - np.outer(problem.mean, left[d])) / problem.scale[:, None]
    move = np.zeros(k * (d + 1))
    move[index] = solve(h, -standard.T.ravel()[index].astype(float))
    move = move.reshape(k, d + 1).T[:d] / problem.scale[:, None]
    unit = np.sqrt(np.diag(h))
    eigenvalues = np.linalg.eigvalsh(h / np.outer(unit, unit))
    inverse = np.linalg.pinv(h / np.outer(unit, unit), rcond=1e-10, hermitian=True) / np.outer(unit, unit)
    # largest diagonal entry of the inverse Hessian, weights and intercepts (b = c - mean.w), in the user's units
    whole = np.zeros((k * (d + 1), k * (d + 1)))
    whole[np.ix_(index, index)] = inverse
    spread = (np.diag(whole).reshape(k, d + 1).T[:d] / problem.scale[:, None] ** 2).max()
    shift = np.append(-problem.mean / problem.scale, 1.0)
    blocks = [whole[a * (d + 1) : (a + 1) * (d + 1), a * (d + 1) : (a + 1) * (d + 1)] for a in range(k)]
    intercept_spread = max(shift @ block @ shift for block in blocks) if problem.intercept else 0.0
    top = np.abs(w).max()
    norm = float(np.sqrt((left * left).sum()))
    out = {
        "objective": float(value),
        "subgradient": norm,
        "distance": float(np.abs(move).max() / top),
        "bound": float(np.sqrt((left[:d] ** 2).sum()) / problem.l2 / top) if problem.l2 > 0 else None,
        "conditionNumber": float(eigenvalues[-1] / eigenvalues[eigenvalues > 1e-10 * eigenvalues[-1]].min()),
        "spread": float(spread),
        "interceptSpread": float(intercept_spread),
    }
    if not (out["distance"] < 1e-12 and norm < 1e-12 * np.sqrt((problem.exact(0 * w, 0 * b)[1] ** 2).sum())):
        raise RuntimeError(f"not the optimum: {out}")
    if problem.l1 > 0:
        zeros = (w == 0) & ~problem.empty[:, None]
        if not np.all(np.abs(g[:d][zeros]) <= problem.l1 * (1 + 1e-12)):
            raise RuntimeError("a zero weight wants to move")
        out["nonzeros"] = int((w != 0).sum())
        # the smallest weight in units of the largest; and how far the nearest zero is from entering, in units of l1
        out["smallest"] = float(np.abs(w[w != 0]).min() / top)
        out["undetermined"] = undetermined(problem, g, second)
        for i in out["undetermined"]:
            if i >= 0:
                zeros[i % d, i // d] = False
        out["slack"] = float(1 - (np.abs(g[:d][zeros]) / problem.l1).max()) if zeros.any() else None
    return out


def undetermined(problem, g, second):
    """Index (class * d + column, as in coef) of the weights that differ between optima: those that a direction without curvature moves, among
    the weights at the bound of l1, |gradient| = l1, and intercepts. A direction moves no margin of a row with curvature."""
    d, k = problem.d, problem.k
    bound = (np.abs(g[:d]) >= problem.l1 * (1 - 1e-9)) & ~problem.empty[:, None]
    free = np.vstack([bound, np.full((1, k), problem.intercept)])
    index = np.flatnonzero(free.T.ravel())
    h = problem.hessian(second.astype(float))[np.ix_(index, index)]
    unit = np.sqrt(np.maximum(np.diag(h), 1e-300))
    values, vectors = np.linalg.eigh(h / np.outer(unit, unit))
    flat = vectors[:, values < 1e-10 * values[-1]]
    if flat.shape[1] == 0:
        return []
    # the gap in the spectrum says that these are zeros
    if values[values >= 1e-10 * values[-1]].min() < 1e-7 * values[-1]:
        raise RuntimeError("no clear rank")
    amount = np.zeros((len(free.T.ravel()), flat.shape[1]))
    amount[index] = flat / unit[:, None]
    is_moved = np.zeros(len(amount), dtype=bool)
    is_moved[index] = np.linalg.norm(flat, axis=1) > 1e-6
    if problem.intercept:
        # the user's intercept, c - mean.w, not that of centred columns
        shift = np.append(-problem.mean / problem.scale, 1.0)
        parts = shift[:, None] * amount.reshape(k, d + 1, -1)
        is_moved[d :: d + 1] = (np.abs(parts.sum(axis=1)) > 1e-6 * np.abs(parts).sum(axis=1)).any(axis=1)
    moved = np.flatnonzero(is_moved)
    return [int(i // (d + 1) * d + i % (d + 1)) if i % (d + 1) < d else -1 - int(i // (d + 1)) for i in moved]


# --- hinge ---


def interior(problem, steps=200):
    """Primal-dual interior points: standardised v, c and the dual variables a of the rows, between 0 and 1."""
    n, d = problem.n, problem.d
    z = np.hstack([problem.z, np.ones((n, 1))]) if problem.intercept else problem.z
    zy = z * problem.y[:, None]
    p = problem.p * n
    ridge = np.append(problem.ridge, 0.0) if problem.intercept else problem.ridge
    ridge = ridge * n
    v = np.zeros(z.shape[1])
    t = np.zeros(n)
    a, e = np.full(n, 0.5), np.full(n, 0.5)
    xi = np.full(n, 1.5)
    s = np.full(n, 0.5)
    best = None
    for _ in range(steps):
        lower, upper = s / a, xi / e
        h = (zy * (p / (lower + upper + 1e-9))[:, None]).T @ zy + np.diag(ridge)
        open_rows = s - xi + 1 - t
        mu = (p * (a * s + e * xi)).sum() / (2 * p.sum())

        def direction(f, g):
            dv, u = np.zeros(len(v)), np.zeros(n)
            for _ in range(3):
                da = (f - g + open_rows - u) / (lower + upper + 1e-9)
                rest = zy.T @ (p * (a + da)) - ridge * (v + dv)
                dv = dv + solve(h, rest)
                u = zy @ dv
            da = (f - g + open_rows - u) / (lower + upper + 1e-9)
            return dv, u, da, f - lower * da, g + upper * da

        def reach(da, ds, dxi):
            length = 1.0
            for value, slope in ((a, da), (e, -da), (s, ds), (xi, dxi)):
                falling = slope < 0
                if falling.any():
                    length = min(length, (-value[falling] / slope[falling]).min())
            return length

        dv, u, da, ds, dxi = direction(-s, -xi)
        length = reach(da, ds, dxi)
        after = (p * ((a + length * da) * (s + length * ds) + (e - length * da) * (xi + length * dxi))).sum() / (2 * p.sum())
        aim = mu * (after / mu) ** 3
        dv, u, da, ds, dxi = direction((aim - da * ds) / a - s, (aim + da * dxi) / e - xi)
        length = min(1.0, 0.995 * reach(da, ds, dxi))
        v = v + length * dv
        t = zy @ v
        a, e, s, xi = a + length * da, e - length * da, s + length * ds, xi + length * dxi
        gap = (p * np.where(t < 1, e * (1 - t), a * (t - 1))).sum() / n
        if best is None or mu < best[0]:
            best = (mu, v.copy(), a.copy(), e.copy(), s.copy(), xi.copy())
        if mu < 1e-17 or (mu < 1e-13 and gap < 1e-15):
            break
    return best


def hinge(problem):
    """Weights, rows on the kink with their dual variables, and the certificate: all rows' sides are checked."""
    n, d = problem.n, problem.d
    _, v, a, e, s, xi = interior(problem)
    kink = np.minimum(a, e) > np.maximum(s, xi)
    inside = ~kink & (a > e)
    z = np.hstack([problem.z, np.ones((n, 1))]) if problem.intercept else problem.z
    zy = z * problem.y[:, None]
    x_long = np.hstack([problem.x, np.ones((n, 1))]).astype(LONG) * problem.y[:, None]
    p_long = problem.p.astype(LONG)
    p_long = p_long / p_long.sum()
    width = z.shape[1]
    ridge = np.append(problem.ridge, 0.0) if problem.intercept else problem.ridge
    for _ in range(60):
        # unknown: v (and c), and p.a of the rows at the kink; residuals in extended precision, in the user's coordinates
        rows = np.flatnonzero(kink)
        k = np.zeros((width + len(rows), width + len(rows)))
        k[:width, :width] = np.diag(ridge)
        k[:width, width:] = -zy[rows].T
        k[width:, :width] = zy[rows]
        w, b = np.zeros(d, dtype=LONG), LONG(0)
        alpha = np.zeros(len(rows), dtype=LONG)
        pa = np.where(inside, p_long, LONG(0))
        scaled, left_unit, right_unit = equilibrate(k)
        inverse = np.linalg.pinv(scaled, rcond=1e-13)
        for _ in range(12):
            pa[rows] = alpha
            g_w = LONG(problem.l2) * w - x_long[:, :d].T @ pa
            g_b = -(problem.y * pa).sum()
            margin = x_long[rows, :d] @ w + b * x_long[rows, d]
            standard = (g_w - problem.mean * g_b) / problem.scale
            residual = np.concatenate([standard, [g_b] if problem.intercept else [], margin - 1]).astype(float)
            move = -(inverse @ (residual / left_unit)) / right_unit
            dw = move[:d] / problem.scale
            w = w + dw
            if problem.intercept:
                b = b + move[d] - problem.mean @ dw
            alpha = alpha + move[width:]
        w64, b64 = w.astype(float), float(b)
        t = (x_long[:, :d] @ w + b * x_long[:, d]).astype(float)
        share = (alpha / p_long[rows]).astype(float)
        # rows on the wrong side of their part change it
        too_far = ~kink & np.where(inside, t > 1, t < 1) & (np.abs(t - 1) > 1e-12)
        out_low, out_high = share < 0, share > 1
        if not too_far.any() and out_low.any() | out_high.any():
            # dependent rows: other dual variables of the same weights may lie between 0 and 1
            share = bounded(zy[rows] * problem.p[rows, None], share)
            out_low, out_high = share < -1e-12, share > 1 + 1e-12
        if not (too_far.any() or out_low.any() or out_high.any()):
            break
        kink = kink.copy()
        kink |= too_far
        worst_low = rows[out_low]
        worst_high = rows[out_high]
        kink[worst_low] = False
        inside[worst_low] = False
        kink[worst_high] = False
        inside[worst_high] = True
        inside &= ~kink
    else:
        raise RuntimeError("the rows on the kink do not settle")
    others = ~kink
    share = np.clip(share, 0.0, 1.0)
    # the certificate of the rounded weights
    pa = np.where(inside, p_long, LONG(0))
    pa[rows] = share.astype(LONG) * p_long[rows]
    g = LONG(problem.l2) * w64.astype(LONG) - x_long[:, :d].T @ pa
    g_b = -(problem.y * pa).sum() if problem.intercept else LONG(0)
    t_long = x_long[:, :d] @ w64.astype(LONG) + LONG(b64) * x_long[:, d]
    kink_error = np.abs(t_long[rows] - 1)
    top = np.abs(w64).max()
    square = float(np.sqrt((g * g).sum()))
    rest = float((p_long[rows] * kink_error).sum() + abs(g_b) * max(1.0, abs(b64)))
    # l2 D^2 <= |g| D + rest
    distance = (square + np.sqrt(square**2 + 4 * problem.l2 * rest)) / (2 * problem.l2)
    value = (p_long * np.maximum(1 - t_long, 0)).sum() + LONG(problem.l2) * (w64.astype(LONG) ** 2).sum() / 2
    return (
        w64[:, None],
        np.array([b64]),
        {"rows": rows.tolist(), "share": share.tolist()},
        {
            "objective": float(value),
            "subgradient": float(np.sqrt((g * g).sum() + g_b * g_b)),
            "distance": float(np.abs((w - w64.astype(LONG)).astype(float)).max() / top),
            "bound": float(distance / top),
            "kink": float(kink_error.max()) if len(rows) else 0.0,
            "rank": int(np.linalg.matrix_rank(zy[rows])) if len(rows) else 0,
            # how clearly rows lie on their side
            "slack": float(min(np.abs(t[others] - 1).min(), np.minimum(share, 1 - share).min() if len(rows) else 1.0)),
        },
    )


def equilibrate(k):
    left = np.sqrt(np.abs(k).max(axis=1))
    left = np.where(left > 0, left, 1.0)
    right = np.abs(k / left[:, None]).max(axis=0)
    right = np.where(right > 0, right, 1.0)
    return k / np.outer(left, right), left, right


def bounded(rows, share):
    """Shares between 0 and 1 with the same sum of rows, where there are any."""
    from scipy.optimize import lsq_linear

    scale = np.abs(rows).max()
    found = lsq_linear(rows.T / scale, rows.T @ share / scale, bounds=(0, 1), method="bvls", tol=1e-15)
    return found.x
