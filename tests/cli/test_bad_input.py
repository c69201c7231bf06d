"""Nothing but stupid input: one clear line, the right exit code, nothing written."""

import subprocess
import unittest

from program import COMMANDS, PROGRAM, SMALL_CALLS, ProgramTest

UNIT = {"activation": "relu", "a": ["1", "1"], "B": [["1", "0"], ["0", "1"]]}


def problem(**changes):
    document = {"teacher": dict(UNIT), "student": dict(UNIT)}
    document.update(changes)
    return document


def network(**changes):
    return {**UNIT, **changes}


class CommandLine(ProgramTest):
    def test_no_command_lists_the_commands(self):
        self.refuse(saying=[command.split()[0] for command in COMMANDS])
        self.refuse("probe", saying=[command.split()[1] for command in COMMANDS if command.startswith("probe ")])

    def test_an_unknown_command_is_answered_with_the_nearest(self):
        self.refuse("verfy", saying=['"verfy"', 'did you mean "verify"'])
        self.refuse("probe", "lime", saying=['"lime"', 'did you mean "line"'])

    def test_an_unknown_option_is_answered_with_the_nearest(self):
        for command, call in SMALL_CALLS.items():
            with self.subTest(command):
                self.refuse(*call, "--digts", "20", saying=["--digts", "--digits"])
                self.refuse(*call, "--digts=20", saying=["--digts", "--digits"])

    def test_an_unknown_option_unlike_any_other_is_named(self):
        self.refuse("coefficients", "relu", "--zzzzzzzzzzzzz", saying="--zzzzzzzzzzzzz")
        self.refuse("coefficients", "relu", "-z", saying="-z")

    def test_options_of_later_versions_are_refused(self):
        for option in ["--jacobian"]:
            self.refuse("loss", "--dim", "2", option, saying=option)

    def test_arguments_too_many_are_named(self):
        self.refuse("coefficients", "relu", "tanh", saying="tanh")
        self.refuse("verify", "relu", saying="relu")

    def test_a_missing_activation_is_named(self):
        self.refuse("coefficients", saying="activation")
        self.refuse("kernel", "--grid", "5", saying="activation")

    def test_an_option_without_its_value_is_named(self):
        for option in ["--digits", "--seed", "--format", "--output", "--plot"]:
            with self.subTest(option):
                self.refuse("coefficients", "relu", option, saying=option)

    def test_activations_has_no_plot(self):
        self.refuse("activations", "--plot", "a.png", saying="--plot")

    def test_numbers_of_common_options_are_checked(self):
        bad = {
            "--digits": ["0", "-1", "abc", "", "1.5", "1000001", "1e30", "NaN", "0x10", "17 "],
            "--threads": ["0", "-1", "two", "1e9", "1/2"],
            "--seed": ["-1", "abc", "1.5", "18446744073709551616", "inf"],
            "--format": ["xml", "", "JSON", "text,json"],
            "--progress": ["maybe", ""],
        }
        for command, call in SMALL_CALLS.items():
            for option, values in bad.items():
                for value in values:
                    with self.subTest(command=command, option=option, value=value):
                        self.refuse(*call, f"{option}={value}", saying=option)

    def test_a_minus_sign_after_an_option_is_its_value_not_an_option(self):
        self.refuse("coefficients", "relu", "--max-degree", "-1", saying=["--max-degree", '"-1"'])
        self.refuse("coefficients", "relu", "--digits", "-5", saying=["--digits", '"-5"'])

    def test_degrees_are_checked(self):
        for value in ["-1", "1000000000", "1e9", "10001", "two", "2.5"]:
            with self.subTest(value):
                self.refuse("coefficients", "relu", "--max-degree", value, saying=["--max-degree", "10000"])
                self.refuse("loss", "--dim", "2", "--degree-terms", value, saying="--degree-terms")
                self.refuse("verify", "--dim", "2", "--max-degree", value, saying="--max-degree")

    def test_sample_counts_are_checked(self):
        for value in ["0", "-5", "99", "1e30", "abc", "1.5", "", "1e-3"]:
            with self.subTest(value):
                self.refuse("verify", "--dim", "2", f"--samples={value}", saying="--samples")

    def test_correlations_are_checked(self):
        for value in ["2", "-1.0001", "abc", "0,,1", "", "1/0", "nan", "0;1"]:
            with self.subTest(value):
                self.refuse("kernel", "relu", f"--rho={value}", saying="--rho")
        for value in ["0", "1", "-3", "many", "1e9"]:
            with self.subTest(value):
                self.refuse("kernel", "relu", f"--grid={value}", saying="--grid")
        self.refuse("kernel", "relu", "--rho", "0", "--grid", "5", saying=["--rho", "--grid"])

    def test_overrides_are_checked(self):
        for value in ["4", "=1", "4=", "-1=2", "x=1", "4=abc", "99999=1"]:
            with self.subTest(value):
                self.refuse(
                    "verify", "--dim", "2", f"--override-coefficient={value}", saying="--override-coefficient"
                )

    def test_key_lemma_options_are_checked(self):
        self.refuse("verify", "--dim", "2", "--key-lemma-row", "2", saying=["--key-lemma-row", "0 to 1"])
        self.refuse("verify", "--dim", "2", "--key-lemma-row", "-1", saying="--key-lemma-row")
        self.refuse("verify", "--dim", "2", "--key-lemma-degree", "-1", saying="--key-lemma-degree")

    def test_shell_metacharacters_are_only_text(self):
        self.refuse("coefficients", "$(reboot)`x`;|&\n\x07", saying="sigmahat coefficients")


    def test_of_an_option_given_twice_the_last_counts(self):
        inputs = self.json("coefficients", "relu", "--max-degree", "5", "--max-degree", "2")["inputs"]
        self.assertEqual(inputs["max_degree"], 2)


class Activations(ProgramTest):
    def test_an_unknown_activation_is_answered_with_the_nearest(self):
        self.refuse("coefficients", "rleu", saying=['"rleu"', '"relu"'])
        self.refuse("kernel", "relu", "tahn", saying=['"tahn"', '"tanh"'])
        self.refuse("loss", "--teacher-activation", "sigmoyd", saying=["--teacher-activation", '"sigmoid"'])

    def test_an_activation_unlike_any_other_points_to_the_list(self):
        self.refuse("coefficients", "zzzzzzzz", saying="sigmahat activations")

    def test_parameters_are_checked(self):
        for text in ["leaky_relu", "leaky_relu(", "leaky_relu()", "leaky_relu(1,2)", "leaky_relu(x)",
                     "relu(1)", "hermite(-1)", "hermite(1/2)", "hermite(1e9)", "relu_power(1e9)", "", "()"]:
            with self.subTest(text):
                self.refuse("coefficients", text)


class ProblemFlags(ProgramTest):
    def test_sizes_are_checked(self):
        for option in ["--dim", "--teacher-width", "--student-width"]:
            for value in ["0", "-1", "1.5", "x", "1e12"]:
                with self.subTest(option=option, value=value):
                    self.refuse("loss", f"{option}={value}", saying=option)

    def test_a_teacher_wider_than_the_space_is_refused(self):
        self.refuse("loss", "--dim", "3", "--teacher-width", "4", saying=["--teacher-width", "4", "3"])

    def test_output_weights_are_counted(self):
        self.refuse("loss", "--dim", "3", "--a", "1,2", saying=["--a", "3"])
        self.refuse("loss", "--dim", "3", "--teacher-a", "1,x,2", saying=["--teacher-a", '"x"'])

    def test_a_negative_noise_variance_is_refused(self):
        self.refuse("loss", "--dim", "3", "--noise-variance", "-1/4", saying=["--noise-variance", "-1/4"])
        self.refuse("loss", "--dim", "3", "--noise-variance", "nan", saying="--noise-variance")

    def test_shapes_beside_a_file_are_refused(self):
        self.write("p.json", problem())
        for option in ["--dim", "--teacher-width", "--student-width"]:
            self.refuse("loss", "--problem", "p.json", option, "2", saying=[option, "--problem"])


class ProblemFiles(ProgramTest):
    def refuse_problem(self, content, *saying, code=2):
        self.write("p.json", content)
        for command in ["loss", "verify"]:
            self.refuse(command, "--problem", "p.json", code=code, saying=["p.json", *saying])

    def test_a_missing_file_is_an_input_output_failure(self):
        self.refuse("loss", "--problem", "missing.json", code=4, saying="missing.json")

    def test_a_folder_is_no_problem_file(self):
        self.refuse("loss", "--problem", ".", code=4)

    def test_malformed_json_is_located(self):
        self.refuse_problem('{"teacher": {\n  "activation": ,\n}}', "line 2", "column")
        self.refuse_problem("", "line 1")
        self.refuse_problem('{"teacher": {"activation": "relu"')

    def test_the_wrong_kind_of_json_is_refused(self):
        for text in ["[]", "3", '"relu"', "null", "{}"]:
            with self.subTest(text):
                self.refuse_problem(text)

    def test_an_unknown_field_is_named(self):
        self.refuse_problem(problem(noise=1), "noise")
        self.refuse_problem(problem(teacher=network(weights=[1])), "weights")

    def test_wrong_shapes_name_the_row(self):
        self.refuse_problem(problem(student=network(B=[["1", "0"], ["0", "1", "0"]])), "student.B[1]")
        self.refuse_problem(problem(student=network(a=["1"])), "student")
        self.refuse_problem(problem(student=network(B=[["1", "0", "0"], ["0", "1", "0"]])))

    def test_a_row_that_is_not_unit_is_named_where_it_must_be(self):
        self.write("p.json", problem(teacher=network(activation="tanh"),
                                     student=network(activation="tanh", B=[["1", "0"], ["3", "4"]])))
        self.succeed("loss", "--problem", "p.json")
        self.succeed("loss", "--problem", "p.json", "--gradient", "--constraint", "free")
        for call in [["loss", "--gradient"], ["loss", "--objective", "degree:2"], ["verify"]]:
            self.refuse(*call, "--problem", "p.json", saying=["p.json", "student.B[1]", "norm is 5"])
        self.write("p.json", problem(teacher=network(activation="tanh", B=[["1", "0"], ["3", "4"]])))
        for call in [["loss", "--objective", "G:mu=1"], ["gadget", "t^3"], ["verify"]]:
            self.refuse(*call, "--problem", "p.json", saying=["p.json", "teacher.B[1]", "norm is 5"])

    def test_a_zero_row_is_named(self):
        self.refuse_problem(problem(student=network(B=[["1", "0"], ["0", "0"]])), "student.B[1]")
        self.refuse_problem(problem(student=network(B=[["0", "0"], ["0", "1"]]), normalize=True), "student.B[0]")

    def test_numbers_that_are_none_are_refused(self):
        for number in ["NaN", "Infinity", "-Infinity", "1e999999999", '"abc"', '"1/0"', "true", "null", "[1]"]:
            with self.subTest(number):
                self.refuse_problem(
                    '{"teacher": {"activation": "relu", "a": 1, "B": [[1, 0]]}, '
                    '"student": {"activation": "relu", "a": 1, "B": [[%s, 0]]}}' % number)

    def test_a_negative_noise_variance_is_refused(self):
        self.refuse_problem(problem(teacher=network(noise_variance="-1/4")), "noise_variance", "-1/4")

    def test_an_unknown_activation_in_a_file_is_answered_with_the_nearest(self):
        self.refuse_problem(problem(student=network(activation="rleu")), "rleu", "relu")

    def test_binary_rubbish_is_refused(self):
        (self.folder / "p.json").write_bytes(bytes(range(256)) * 10)
        self.refuse("loss", "--problem", "p.json", saying="p.json")


class Output(ProgramTest):
    def test_a_file_that_cannot_be_written_is_an_input_output_failure(self):
        for command, call in SMALL_CALLS.items():
            with self.subTest(command):
                self.refuse(*call, "--output", "missing/folder/out.txt", code=4, saying="missing/folder/out.txt")
                self.refuse(*call, "--output", ".", code=4)

    def test_the_output_is_checked_before_a_long_computation(self):
        for option, name in [("--output", "missing/out.txt"), ("--plot", "missing/out.png")]:
            self.refuse("verify", "--samples", "1e14", option, name, code=4, saying=name, timeout=10)

    def test_a_plot_of_unknown_kind_is_refused(self):
        for name in ["plot", "plot.gif", "plot.png.txt", ".png/x", ""]:
            with self.subTest(name):
                self.refuse("coefficients", "relu", f"--plot={name}", saying="--plot")

    def test_results_and_plot_in_one_file_are_refused(self):
        self.refuse("kernel", "relu", "--output", "a.svg", "--plot", "./a.svg", saying=["--plot", "--output"])

    def test_a_full_disk_is_an_input_output_failure(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = subprocess.run([PROGRAM, "activations"], stdout=full, stderr=subprocess.PIPE,
                                    encoding="utf-8", check=False)
        self.assertEqual(result.returncode, 4)
        self.assertEqual(result.stderr.count("\n"), 1)

    def test_a_missing_gnuplot_is_an_input_output_failure(self):
        self.refuse("verify", "--samples", "1e14", "--plot", "p.png", code=4, saying="gnuplot",
                    env={"PATH": str(self.folder)}, timeout=10)


if __name__ == "__main__":
    unittest.main()
