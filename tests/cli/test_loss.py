"""sigmahat loss on problems whose loss is known without Theorem 1."""

import unittest
from decimal import Decimal

from closed_forms import PI, assert_within
from program import SOURCE, ProgramTest


def network(activation, a, B, **more):
    return {"activation": activation, "a": a, "B": B, **more}


class Loss(ProgramTest):
    def loss_of(self, teacher, student, *options):
        self.write("p.json", {"teacher": teacher, "student": student})
        return self.results("loss", "--problem", "p.json", *options)

    def test_opposite_rows_leave_the_linear_function(self):
        # relu(x) - relu(-x) = x
        r = self.loss_of(network("relu", 1, [[1, 0]]), network("relu", 1, [[-1, 0]]), "--digits", "40")
        assert_within(self, r, Decimal(1))

    def test_orthogonal_rows_leave_one_less_one_over_pi(self):
        r = self.loss_of(network("relu", 1, [[1, 0]]), network("relu", 1, [[0, 1]]), "--digits", "40")
        assert_within(self, r, 1 - 1 / PI)

    def test_half_the_absolute_value_misses_relu_by_half_the_linear_function(self):
        r = self.loss_of(network("relu", 1, [[1, 0]]), network("abs", "1/2", [[1, 0]]), "--digits", "40")
        assert_within(self, r, Decimal("0.25"))
        self.assertIsNone(r["degree_terms"][0]["coefficient_squared"])
        contributions = [Decimal(t["contribution"]) for t in r["degree_terms"]]
        self.assertEqual(contributions[1], Decimal("0.25"))
        self.assertEqual([c for c in contributions if c], [Decimal("0.25")])

    def test_a_student_at_the_teacher_leaves_the_noise(self):
        for activation in ["relu", "tanh", "erf", "gelu", "sigmoid", "abs"]:
            B = {"gaussian": {"rows": 3, "cols": 4, "seed": 5}}
            r = self.loss_of(network(activation, [1, "-1/2", 2], B, noise_variance="1/3"),
                             network(activation, [1, "-1/2", 2], B))
            with self.subTest(activation):
                assert_within(self, r, Decimal(1) / 3)
                assert_within(self, r, Decimal(1) / 3, "noise_variance", "noise_variance_error_bound")
                self.assertEqual(r["constant"], r["noise_variance"])

    def test_the_length_of_a_relu_row_is_a_factor_of_its_weight(self):
        teacher = network("relu", 1, [["3/5", "4/5"]])
        unit = self.loss_of(teacher, network("relu", "2", [[0, 1]]))
        long = self.loss_of(teacher, network("relu", "1/2", [[0, 4]]))
        self.assertEqual(unit, long)

    def test_degree_terms_and_remainder_sum_to_the_loss(self):
        for name in ["small_relu", "noisy_mixed_width", "orthogonal_erf", "homogeneous_rows"]:
            r = self.results("loss", "--problem", SOURCE / "data/problems" / f"{name}.json",
                             "--degree-terms", "12", "--digits", "30")
            parts = [(r["noise_variance"], r["noise_variance_error_bound"]), (r["remainder"], r["remainder_error_bound"])]
            parts += [(t["contribution"], t["contribution_error_bound"]) for t in r["degree_terms"]]
            total = sum(Decimal(value) for value, _ in parts)
            allowed = sum(Decimal(bound) for _, bound in parts) + Decimal(r["error_bound"])
            with self.subTest(name):
                self.assertLessEqual(abs(total - Decimal(r["value"])), allowed)
                self.assertEqual([t["k"] for t in r["degree_terms"]], list(range(13)))
                for t in r["degree_terms"]:
                    product = Decimal(t["coefficient_squared"]) * Decimal(t["f_k"])
                    self.assertAlmostEqual(product, Decimal(t["contribution"]), delta=Decimal("1e-25"))

    def test_rows_may_be_more_or_fewer_than_the_teachers(self):
        # The student splits the teacher's one neuron into three.
        r = self.loss_of(network("relu", 3, [[0, 1]]), network("relu", 1, [[0, 1]] * 3))
        assert_within(self, r, Decimal(0))

    def test_flags_say_what_a_file_says(self):
        flags = self.json("loss", "--dim", "4", "--teacher-width", "3", "--student-width", "5", "--seed", "9",
                          "--a", "1/2", "--noise-variance", "0.1", "--teacher-activation", "erf")
        self.write("p.json", flags["inputs"]["problem"])
        again = self.json("loss", "--problem", "p.json", "--seed", "9")
        self.assertEqual(flags["results"], again["results"])
        self.assertEqual(flags["inputs"]["problem"], again["inputs"]["problem"])
        self.assertEqual(again["inputs"]["problem_file"], "p.json")

    def test_flags_override_the_file(self):
        self.write("p.json", {"teacher": network("relu", 1, [[1, 0]]), "student": network("relu", 1, [[1, 0]])})
        r = self.results("loss", "--problem", "p.json", "--student-activation", "abs", "--a", "1/2",
                         "--noise-variance", "1/2")
        assert_within(self, r, Decimal("0.75"))
        r = self.results("loss", "--problem", "p.json", "--teacher-activation", "linear",
                         "--student-activation", "linear", "--teacher-a", "3")
        assert_within(self, r, Decimal(4))

    def test_the_default_problem_is_the_talks(self):
        inputs = self.json("loss")["inputs"]["problem"]
        self.assertEqual(inputs["teacher"]["B"], {"identity": 50})
        self.assertEqual(inputs["student"]["B"], {"gaussian": {"rows": 50, "cols": 50, "seed": 1}})
        self.assertEqual(inputs["teacher"]["activation"], "relu")

    def test_at_the_teacher_the_gradient_vanishes_and_the_hessian_does_not_fall(self):
        for activation in ["relu", "erf", "gelu", "tanh", "sigmoid"]:
            B = {"gaussian": {"rows": 2, "cols": 3, "seed": 5}}
            r = self.loss_of(network(activation, [1, "-1/2"], B), network(activation, [1, "-1/2"], B),
                             "--gradient", "--hessian")
            with self.subTest(activation):
                self.assertLess(Decimal(r["gradient_norm"]) + Decimal(r["gradient_norm_error_bound"]),
                                Decimal("1e-17"))
                self.assertEqual(len(r["hessian_eigenvalues"]), 2 + 2 * 2)
                self.assertEqual((r["morse_index"], r["undecided_eigenvalues"]), (0, 0))

    def test_derivatives_of_two_orthogonal_relu_neurons_by_hand(self):
        # f = 1/2 + a²/2 - 2a κ(cos θ), κ(0) = 1/(2π), κ'(0) = 1/4: at a = 1, θ = π/2
        # ∂f/∂a = 1 - 1/π and the row moves to the teacher with slope -2κ'(0) = -1/2.
        r = self.loss_of(network("relu", 1, [[1, 0]]), network("relu", 1, [[0, 1]]),
                         "--gradient", "--digits", "30")
        g = r["gradient"]
        self.assertLess(abs(Decimal(g["a"][0]) - (1 - 1 / PI)), Decimal("1e-29"))
        self.assertEqual([Decimal(x) for x in g["B"][0]], [Decimal("-0.5"), 0])
        # Free, the row gains with its length what the loss gains with a.
        free = self.loss_of(network("relu", 1, [[1, 0]]), network("relu", 1, [[0, 1]]),
                            "--gradient", "--constraint", "free", "--digits", "30")["gradient"]
        self.assertEqual(free["B"][0][1], g["a"][0])
        # Two of the length and half the weight: the same function, another point.
        long = self.loss_of(network("relu", 1, [[1, 0]]), network("relu", "1/2", [[0, 2]]),
                            "--gradient", "--constraint", "free", "--digits", "30")["gradient"]
        self.assertLess(abs(Decimal(long["a"][0]) - 2 * Decimal(free["a"][0])), Decimal("1e-28"))
        self.assertLess(abs(Decimal(long["B"][0][1]) - Decimal(free["B"][0][1]) / 2), Decimal("1e-28"))

    def test_guaranteed_objective_at_its_minimum(self):
        # At an orthonormal teacher G = -μ Σ a*_i. A row that turns towards another of the teacher's
        # by θ adds 2 sin²θ (both orders of the pair) and takes μ(1 - cos⁴θ): curvature 4 + 4μ.
        r = self.results("loss", "--problem", self.write("p.json", {
            "teacher": network("relu", 1, {"identity": 3}), "student": network("relu", 1, {"identity": 3})}),
            "--objective", "G:mu=1/20", "--hessian", "--fixed-a")
        assert_within(self, r, Decimal("-0.15"))
        self.assertEqual(len(r["hessian_eigenvalues"]), 6)
        for eigenvalue in r["hessian_eigenvalues"]:
            assert_within(self, eigenvalue, Decimal("4.2"))
        self.assertEqual((r["morse_index"], r["undecided_eigenvalues"]), (0, 0))
        self.assertNotIn("degree_terms", r)

    def test_sampled_objectives_are_within_their_errors(self):
        for teacher, objective in [("relu", "f"), ("relu", "G:mu=0.05"), ("relu", "penalty:mu=2,lambda=1"),
                                   ("relu", "whitened:mu=2,lambda=1"), ("relu", "gadget:s^3*t + 1"),
                                   ("erf", "gadget:s^2*t")]:
            for constraint in ["sphere", "free"]:
                results = self.results("loss", "--dim", "4", "--teacher-activation", teacher, "--gradient",
                                       "--student-activation", "relu" if objective != "f" else teacher,
                                       "--noise-variance", "1/4", "--objective", objective,
                                       "--constraint", constraint, "--samples", "2e5")
                sampled = results["sampled"]
                with self.subTest(f"{objective}, {constraint}"):
                    self.assertEqual(sampled["samples"], 200000)
                    z = (sampled["value"] - float(results["value"])) / sampled["standard_error"]
                    self.assertLessEqual(abs(z), 4)
                    self.assertAlmostEqual(z, sampled["z"], delta=1e-6)
                    if objective == "f":
                        self.assertNotIn("gradient_norm", sampled)
                        continue
                    # The triangle: the norms differ by no more than the distance.
                    self.assertLessEqual(abs(sampled["gradient_norm"] - float(results["gradient_norm"])),
                                         sampled["gradient_distance"])
                    # Chebyshev: beyond four times its root mean square one time in 16 at most.
                    self.assertLessEqual(sampled["gradient_distance"], 4 * sampled["expected_distance"])
                    self.assertGreater(sampled["gradient_distance"], sampled["expected_distance"] / 4)

    def test_threads_do_not_change_a_sampled_objective_and_centring_helps(self):
        call = ["loss", "--dim", "4", "--objective", "G:mu=0.05", "--samples", "30000", "--gradient"]
        one = self.results(*call, "--threads", "1")["sampled"]
        self.assertEqual(one, self.results(*call, "--threads", "2")["sampled"])
        centred = self.results(*call, "--center")["sampled"]
        self.assertLess(centred["standard_error"], one["standard_error"])
        self.assertLess(centred["expected_distance"], one["expected_distance"])

    def test_what_cannot_be_sampled_is_refused(self):
        for objective, saying in [("degree:4", "degree:4 is not sampled"), ("gadget:s^2*t", "erf would serve")]:
            self.refuse("loss", "--dim", "2", "--objective", objective, "--samples", "1000", saying=saying)
        self.refuse("loss", "--dim", "2", "--samples", "1", saying="--samples")
        self.refuse("loss", "--dim", "2", "--center", saying="--center")
        self.refuse("loss", "--dim", "2", "--objective", "G:mu=1", "--center", saying="--center")
        self.refuse("loss", "--dim", "2", "--objective", "G:mu=1", "--samples", "100", "--gradient",
                    saying="standard errors of the gradient need at least")

    def test_a_bad_objective_or_constraint_is_refused_by_name(self):
        for option, value, saying in [("--objective", "f_gamma:x", "f_gamma:x"),
                                      ("--objective", "h", "expected f, f_gamma"),
                                      ("--objective", "gadget:s^", "expected a whole number"),
                                      ("--constraint", "ball", "sphere or free")]:
            self.refuse("loss", "--dim", "2", option, value, saying=[option, saying])
        self.refuse("loss", "--dim", "50", "--hessian", saying="at most 500")

if __name__ == "__main__":
    unittest.main()
