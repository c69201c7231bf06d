"""sigmahat loss on problems whose loss is known without Theorem 1."""

import unittest
from decimal import Decimal
from fractions import Fraction

from closed_forms import PI, assert_within
from program import SOURCE, ProgramTest
from symbols import evaluate_latex, evaluate_text


def network(activation, a, B, **more):
    return {"activation": activation, "a": a, "B": B, **more}


def evaluate_to_fraction(whole, numerator, denominator):
    """whole + numerator/denominator as the program writes it."""
    return str(Fraction(whole) + Fraction(numerator, denominator))


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

    def test_exact_values_are_the_certified_ones_to_a_hundred_digits(self):
        rows = [["3/5", "4/5"], ["-5/13", "12/13"]], [["0", "1"], ["8/17", "-15/17"], ["24/25", "7/25"]]
        pairs = [(name, name) for name in ["relu", "abs", "step", "leaky_relu(1/3)", "relu_power(2)", "erf", "gelu",
                                           "exp", "sin", "cos", "gaussian", "x*exp(-x^2)+x"]]
        pairs += [("relu", "abs"), ("sign", "relu"), ("cubic", "exp(x/2)")]
        for sigma, gamma in pairs:
            for objective in ["f", "f_gamma:1,2,4", "weights:2=1,3=-1/3"]:
                r = self.loss_of(network(sigma, [1, "-1/2"], rows[0], noise_variance="1/3"),
                                 network(gamma, [1, "1/5", 2], rows[1]),
                                 "--exact", "--digits", "105", "--objective", objective, "--degree-terms", "5")
                with self.subTest(sigma=sigma, gamma=gamma, objective=objective):
                    if sigma == "x*exp(-x^2)+x" and objective != "weights:2=1,3=-1/3":
                        self.assertIn("no closed form", r["not_exact_because"])
                    else:
                        self.check_symbols(r, "exact", "latex", "value", "error_bound")
                    for term in r["degree_terms"]:
                        self.check_symbols(term, "f_k_exact", "f_k_latex", "f_k", "f_k_error_bound")
                        self.check_symbols(term, "contribution_exact", "contribution_latex", "contribution",
                                           "contribution_error_bound")
                    parts = sum(evaluate_text(t["contribution_exact"]) for t in r["degree_terms"])
                    noise = 0 if objective.startswith("weights") else evaluate_text("1/3")
                    self.assertLess(abs(evaluate_text(r["partial_sum_exact"]) - parts - noise), Decimal("1e-100"))

    def check_symbols(self, entry, text, latex, value, bound):
        """Both ways of writing the number give it within its bound, which allows 100 digits."""
        number = Decimal(entry[value])
        self.assertLessEqual(Decimal(entry[bound]), Decimal("1e-100") * max(1, abs(number)), entry)
        for symbols in [evaluate_text(entry[text]), evaluate_latex(entry[latex])]:
            self.assertLessEqual(abs(symbols - number), Decimal(entry[bound]) + Decimal("1e-120"), entry)

    def test_exact_values_by_hand(self):
        r = self.loss_of(network("relu", 1, [[1, 0]]), network("relu", 1, [[1, 1]]), "--exact")
        self.assertEqual(r["exact"], "-1/pi + 3/4")
        self.assertEqual(r["latex"], r"-\frac{1}{\pi} + \frac{3}{4}")
        self.assertIsNone(r["not_exact_because"])
        # ‖e_1 - √2 u‖² = 1, σ_1² = 1/4; (1 - √2)² in degree 0
        self.assertEqual([t["f_k_exact"] for t in r["degree_terms"][:2]], ["-2*sqrt(2) + 3", "1"])
        self.assertEqual(r["degree_terms"][1]["contribution_exact"], "1/4")
        text = self.succeed("loss", "--problem", "p.json", "--exact").stdout
        self.assertRegex(text, r"exactly +-1/pi \+ 3/4\n")
        self.assertNotIn("null", text)
        for form in ["latex", "markdown", "csv"]:
            out = self.succeed("loss", "--problem", "p.json", "--exact", "--format", form).stdout
            self.assertIn(r"2 \sqrt{2}" if form == "latex" else "2\\*sqrt(2)" if form == "markdown" else "2*sqrt(2)", out)

    def test_what_is_not_exact_says_why_in_a_line(self):
        text = self.succeed("loss", "--dim", "50", "--exact").stdout
        self.assertRegex(text, r"\n  not exact +the student's rows are random\n")
        r = self.results("loss", "--dim", "50", "--exact")
        self.assertEqual((r["exact"], r["latex"]), (None, None))
        self.assertEqual(r["not_exact_because"], "the student's rows are random")
        unit = [["3/5", "4/5"]]
        r = self.loss_of(network("tanh", 1, unit), network("tanh", 2, [[0, 1]]), "--exact")
        self.assertEqual(r["not_exact_because"], "the kernel of tanh has no closed form")
        self.assertEqual(r["degree_terms"][3]["f_k_exact"], evaluate_to_fraction(1 + 4, -4 * 4**3, 125))
        self.assertIsNone(r["degree_terms"][3]["contribution_exact"])
        self.assertIn("tanh", r["degree_terms_not_exact_because"])
        self.refuse("loss", "--dim", "2", "--exact", "--objective", "G:mu=1", saying=["--exact", "G:mu=1"])

    def test_without_exact_nothing_is_said_of_it(self):
        r = self.results("loss", "--problem", SOURCE / "data/problems/small_relu.json")
        self.assertNotIn("exact", r)
        self.assertNotIn("f_k_exact", r["degree_terms"][0])

    def test_a_large_problem_with_few_inner_products_is_exact_and_one_with_many_is_not(self):
        r = self.loss_of(network("relu", 1, {"identity": 50}), network("relu", 2, {"identity": 50}), "--exact")
        self.assertEqual(r["exact"], "1225/pi + 25")
        many = [[(7 * i * i + 13 * i * k + k**3) % 31 - 15 for k in range(50)] for i in range(50)]
        r = self.loss_of(network("relu", 1, {"identity": 50}), network("relu", 1, many), "--exact")
        self.assertIn("256 different inner products", r["not_exact_because"])

    def test_designed_losses_are_told_degree_by_degree(self):
        for name in ["small_relu", "noisy_mixed_width"]:
            call = ["loss", "--problem", SOURCE / "data/problems" / f"{name}.json", "--objective", "f_gamma:2,4",
                    "--degree-terms", "60", "--digits", "30"]
            r = self.results(*call)
            terms = r["degree_terms"]
            with self.subTest(name):
                self.assertEqual([t["k"] for t in terms], list(range(61)))
                for t in terms:
                    kept = t["k"] in (2, 4)
                    teacher = Decimal(t["teacher_coefficient"])
                    self.assertEqual(t["reachable"], kept or teacher == 0)
                    self.assertEqual(Decimal(t["student_coefficient"]), teacher if kept else 0)
                # What is out of reach is the constant, but for what lies beyond the table.
                out = Decimal(r["noise_variance"]) + sum(Decimal(t["contribution"]) for t in terms if not t["reachable"])
                beyond = Decimal(r["constant"]) - out
                self.assertLessEqual(abs(beyond - Decimal(r["remainder"])), Decimal("1e-25"))
                self.assertGreaterEqual(beyond, Decimal("-1e-25"))
                # f tells the same of the kept degrees.
                full = self.results("loss", "--problem", SOURCE / "data/problems" / f"{name}.json", "--digits", "30")
                for k in (2, 4):
                    self.assertEqual(terms[k]["contribution"], full["degree_terms"][k]["contribution"])
        self.assertIn("in reach", self.succeed(*call).stdout)

    def test_weighted_degrees_are_told_one_by_one(self):
        problem = SOURCE / "data/problems/small_relu.json"
        full = self.results("loss", "--problem", problem, "--degree-terms", "12", "--digits", "30")["degree_terms"]
        r = self.results("loss", "--problem", problem, "--objective", "weights:2=1,4=-1/2,12=3", "--digits", "30")
        self.assertEqual([(t["k"], t["weight"]) for t in r["degree_terms"]], [(2, "1"), (4, "-1/2"), (12, "3")])
        for t, weight in zip(r["degree_terms"], [Decimal(1), Decimal("-0.5"), Decimal(3)]):
            self.assertEqual(t["f_k"], full[t["k"]]["f_k"])
            self.assertLess(abs(Decimal(t["contribution"]) - weight * Decimal(t["f_k"])), Decimal("1e-27"))
        total = sum(Decimal(t["contribution"]) for t in r["degree_terms"])
        self.assertLess(abs(total - Decimal(r["value"])), Decimal("1e-27"))
        part = self.results("loss", "--problem", problem, "--objective", "weights:2=1,4=-1/2,12=3", "--degree-terms", "4")
        self.assertEqual([t["k"] for t in part["degree_terms"]], [2, 4])
        self.assertLess(abs(Decimal(part["remainder"]) - Decimal(r["degree_terms"][2]["contribution"])), Decimal("1e-15"))

    def test_the_series_says_how_many_terms_it_took_and_what_it_left_out(self):
        call = ["loss", "--dim", "3", "--teacher-activation", "tanh"]
        r = self.results(*call)
        series = r["series"]
        self.assertTrue(series["chosen"])
        self.assertGreater(series["terms"], len(r["degree_terms"]))
        self.assertLess(Decimal(series["truncation_bound"]), Decimal("1e-15"))
        allowed = Decimal(series["error_bound"]) + Decimal(r["error_bound"])
        self.assertLessEqual(abs(Decimal(series["value"]) - Decimal(r["value"])), allowed)
        text = self.succeed(*call).stdout
        self.assertRegex(text, rf"{series['terms']} terms, truncation at most {series['truncation_bound']}")
        # A closed form needs no series: the table's is told.
        r = self.results("loss", "--dim", "3", "--degree-terms", "5")
        self.assertEqual((r["series"]["chosen"], r["series"]["terms"]), (False, 6))
        difference = abs(Decimal(r["series"]["value"]) - Decimal(r["value"]))
        self.assertLessEqual(difference, Decimal(r["series"]["error_bound"]) + Decimal(r["error_bound"]))

    def test_the_value_stands_where_there_is_no_gradient(self):
        teacher = network("step", 1, [["3/5", "4/5"], [0, 1]])
        student = network("step", 1, [[1, 0], [0, -1], [-3, 0]])
        plain = self.loss_of(teacher, student)
        r = self.loss_of(teacher, student, "--gradient", "--hessian")
        self.assertEqual(r["value"], plain["value"])
        self.assertEqual(r["differentiable"], "not once")
        for key in ["gradient", "gradient_norm", "hessian_eigenvalues", "morse_index"]:
            self.assertIsNone(r[key])
        self.assertEqual(
            [(p["student_row"], p["other_network"], p["other_row"], p["opposite"], p["exactly"])
             for p in r["parallel_rows"]],
            [(0, "student", 2, True, True), (1, "teacher", 1, True, True)])
        text = self.succeed("loss", "--problem", "p.json", "--gradient").stdout
        self.assertIn("there is no gradient", text)
        self.assertIn("student 0 and student 2 (opposite), student 1 and teacher 1 (opposite)", " ".join(text.split()))

    def test_the_hessian_says_where_it_is_continuous_and_no_more(self):
        teacher, student = [["3/5", "4/5"], [0, 1]], [["3/5", "4/5"], [1, 0]]
        for name, differentiable in [("relu", "twice"), ("abs", "twice"), ("gelu", "three times"),
                                     ("relu_power(2)", "three times"), ("tanh", "three times"),
                                     ("hard_tanh", "at least twice")]:
            r = self.loss_of(network(name, 1, teacher), network(name, 1, student), "--hessian")
            with self.subTest(name):
                self.assertEqual(r["differentiable"], differentiable)
                self.assertEqual(len(r["hessian_eigenvalues"]), 4)
                self.assertEqual(len(r["parallel_rows"]), 0 if differentiable == "three times" else 1)
                text = self.succeed("loss", "--problem", "p.json", "--hessian").stdout
                self.assertEqual("the Hessian is continuous" in text, differentiable != "three times")
        # Away from parallel rows every loss is analytic.
        r = self.loss_of(network("relu", 1, teacher), network("relu", 1, [[1, 0]]), "--hessian")
        self.assertEqual((r["differentiable"], r["parallel_rows"]), ("three times", []))

    def test_a_bad_objective_or_constraint_is_refused_by_name(self):
        for option, value, saying in [("--objective", "f_gamma:x", "f_gamma:x"),
                                      ("--objective", "h", "expected f, f_gamma"),
                                      ("--objective", "gadget:s^", "expected a whole number"),
                                      ("--constraint", "ball", "sphere or free")]:
            self.refuse("loss", "--dim", "2", option, value, saying=[option, saying])
        self.refuse("loss", "--dim", "60", "--hessian", saying="at most 3000")

if __name__ == "__main__":
    unittest.main()
