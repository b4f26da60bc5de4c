// Constants of algorithms.md 3.4. Every f_i convex with L-Lipschitz gradient, F μ-strongly convex, κ = L/μ, option II,
// unbiased rounding, w* inside the box; d coordinates on a grid of unit deltaScale; 0 < γ < 1.

/** α = γ / (4L(1 + γ)). */
export function contractionStepSize(L: number, gamma: number): number {
  return gamma / (4 * L * (1 + gamma));
}

/** Smallest T of SVRG and LP-SVRG: 8κ(1 + γ)/γ² (a real number; take the ceiling). */
export function svrgInnerSteps(kappa: number, gamma: number): number {
  return (8 * kappa * (1 + gamma)) / gamma ** 2;
}

/** 1/(μα(1 − 2αL)T) + 2αL/(1 − 2αL): what one outer step of SVRG multiplies the gap with. */
export function svrgContraction(alpha: number, mu: number, L: number, T: number): number {
  return 1 / (mu * alpha * (1 - 2 * alpha * L) * T) + (2 * alpha * L) / (1 - 2 * alpha * L);
}

/** dδ²/(8α(1 − 2αL)): what the rounding of T steps adds to the gap of one outer step. */
export function roundingTerm(alpha: number, L: number, d: number, deltaScale: number): number {
  return (d * deltaScale ** 2) / (8 * alpha * (1 - 2 * alpha * L));
}

/** Theorem 1 floor of LP-SVRG, derived: dδ²L(1 + γ)² / (γ(2 + γ)(1 − γ)). */
export function lpSvrgFloor(L: number, gamma: number, d: number, deltaScale: number): number {
  return (d * deltaScale ** 2 * L * (1 + gamma) ** 2) / (gamma * (2 + gamma) * (1 - gamma));
}

/** The paper's form of the same floor (unconfirmed): 2dδ²L/(γ(1 − γ)). */
export function lpSvrgFloorOfThePaper(L: number, gamma: number, d: number, deltaScale: number): number {
  return (2 * d * deltaScale ** 2 * L) / (gamma * (1 - gamma));
}

/** Theorem 2: bits must exceed 1 + log2(1 + sqrt(2κ²d(1 + γ)/γ²)) (a real number). */
export function halpRequiredBits(kappa: number, gamma: number, d: number): number {
  return 1 + Math.log2(1 + Math.sqrt((2 * kappa ** 2 * d * (1 + gamma)) / gamma ** 2));
}

/** Theorem 2: smallest T, 8κ(1 + γ) / (γ² − 2κ²d(1 + γ)/(2^(b−1) − 1)²); not positive when bits do not suffice. */
export function halpInnerSteps(kappa: number, gamma: number, d: number, bits: number): number {
  const codes = 2 ** (bits - 1) - 1;
  return (8 * kappa * (1 + gamma)) / (gamma ** 2 - (2 * kappa ** 2 * d * (1 + gamma)) / codes ** 2);
}

/** SVRG's bracket plus the rounding term with δ² <= 2L·gap/(μ(2^(b−1) − 1))²: HALP's factor per outer step. */
export function halpContraction(alpha: number, mu: number, L: number, T: number, d: number, bits: number): number {
  const codes = 2 ** (bits - 1) - 1;
  return svrgContraction(alpha, mu, L, T) + roundingTerm(alpha, L, d, Math.sqrt(2 * L) / (mu * codes));
}

/** δ_k = ‖g‖/(mu(2^(b−1) − 1)). */
export function halpDeltaScale(gradientNorm: number, mu: number, bits: number): number {
  return gradientNorm / (mu * (2 ** (bits - 1) - 1));
}

/** LP-SGD, α <= 1/(2L): E‖w − w*‖² ends at most at 2ασ²/μ + dδ²/(4αμ), σ² = E‖∇f_i(w*)‖². */
export function lpSgdFloor(alpha: number, mu: number, sigmaSquared: number, d: number, deltaScale: number): number {
  return (2 * alpha * sigmaSquared) / mu + (d * deltaScale ** 2) / (4 * alpha * mu);
}

/** The α that makes lpSgdFloor smallest, δ sqrt(d/8)/σ, and the floor there, sqrt(2)σδ sqrt(d)/μ. */
export function lpSgdBest(
  mu: number,
  sigmaSquared: number,
  d: number,
  deltaScale: number,
): { stepSize: number; floor: number } {
  const sigma = Math.sqrt(sigmaSquared);
  return {
    stepSize: (deltaScale * Math.sqrt(d / 8)) / sigma,
    floor: (Math.SQRT2 * sigma * deltaScale * Math.sqrt(d)) / mu,
  };
}
