// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { maths } from "../src/lab/maths";

test("formulas are set as in a book", () => {
  expect(maths("y_hat = W3 W2 W1 X")).toBe("ŷ = W₃ W₂ W₁ X");
  expect(maths("dJ/dW2 = (W3^T 1)(W1 X)^T")).toBe("dJ/dW₂ = (W₃ᵀ 1)(W₁ X)ᵀ");
  expect(maths("L w^(L-1)")).toBe("L wᴸ⁻¹");
  expect(maths("1/2 (y_hat - y)^2")).toBe("1/2 (ŷ − y)²");
  expect(maths("sigma'(Z3) A2, sigma_w sqrt(E phi'^2)")).toBe("σ'(Z₃) A₂, σ_w √(E φ'²)");
  expect(maths("e^-x / (1 + e^-x)^2")).toBe("e⁻ˣ / (1 + e⁻ˣ)²");
});

test("numbers are set as numbers, and what has no superscript stays", () => {
  expect(maths("expected 3.0e-13 +- 3e-22")).toBe("expected 3.0×10⁻¹³ ± 3×10⁻²²");
  expect(maths("9.4e-1, 1.0e+0, 2.4e+1, 1.5e-3, 2.0e-4")).toBe("0.94, 1, 24, 0.0015, 2.0×10⁻⁴");
  expect(maths("-0.5 and (-1.2)")).toBe("−0.5 and (−1.2)");
  expect(maths("0.99^300, x^(a/b), gain^(2L)")).toBe("0.99³⁰⁰, x^(a/b), gain²ᴸ");
  expect(maths("SHA1 and F2 and 1.5W3.5")).toBe("SHA1 and F2 and 1.5W3.5");
});

test("sets what stands at the end of a sentence, products and differences", () => {
  expect(maths("y_hat = A3 = W3 A2. With W3 * delta3, delta = dJ/dZ and dJ/dy_hat = y_hat - y")).toBe("ŷ = A₃ = W₃ A₂. With W₃ · δ₃, δ = dJ/dZ and dJ/dŷ = ŷ − y");
});
