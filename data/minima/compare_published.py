#!/usr/bin/env python3
"""Sets the counts of this folder beside those of published.json, row by row, with exact tests.

usage: compare_published.py

Counts: Fisher's exact test of both shares being one. Classes: by isotropy, values and least eigenvalues against
twice theirs (half the square is their objective). Exit code 1 where they disagree: a p value that is too small
even as the least of all in its table, or a digit that rounding does not explain.
"""

import json
import math
import pathlib
import sys

FOLDER = pathlib.Path(__file__).parent
LEAST_LEVEL = 0.01
# Their points end at gradients of 1e-9 (2018) and 1e-12 (2021); ours at 1e-12 or less.
VALUE_ERROR = {"safran_shamir_2018": 1e-9, "safran_yehudai_shamir_2021": 1e-12}
EIGENVALUE_ERROR = 1e-8
# The row d = 13 of 2018 has counts of 470, 220, 30 and 10 in a thousand: a hundred runs, each counted ten times.
COUNTED_TIMES = {(13, 13): 10}


def load(name):
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def fisher(count, runs, other_count, other_runs):
    """The p value of the two-sided exact test of two shares being one."""
    together, total = count + other_count, runs + other_runs
    def log_weight(k):
        return sum(math.lgamma(n + 1) - math.lgamma(j + 1) - math.lgamma(n - j + 1)
                   for n, j in ((runs, k), (other_runs, together - k)))
    weights = {k: log_weight(k) for k in range(max(0, together - other_runs), min(runs, together) + 1)}
    scale = math.lgamma(total + 1) - math.lgamma(together + 1) - math.lgamma(total - together + 1)
    bound = weights[count] + 1e-9
    return min(1, math.fsum(math.exp(w - scale) for w in weights.values() if w <= bound))


class Table:
    def __init__(self, title, columns):
        self.least, self.rows = 1, 0
        print(f"\n{title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")

    def row(self, cells, p=None):
        if p is not None:
            self.least, self.rows = min(self.least, p), self.rows + 1
            cells = [*cells, f"{p:.2f}" if p >= 0.01 else f"{p:.4f}"]
        print(f"| {' | '.join(map(str, cells))} |")

    def agrees(self):
        """By Bonferroni's bound."""
        p = min(1, self.least * self.rows)
        print(f"\nThe least of {self.rows} p values is {self.least:.3g}; as the least of so many, {p:.2g}.")
        return p >= LEAST_LEVEL


def percent(count, runs):
    return f"{100 * count / runs:.2f}".rstrip("0").rstrip(".")


def shares(title, ours, theirs):
    table = Table(title, ["d", "neurons", "ours, % of", "", "published, % of", "", "p"])
    found = {(row["dimension"], row["student_width"]): row for row in ours}
    for (size, width), row in sorted(found.items()):
        published = theirs.get((size, width))
        # A size that is not among their files ended in spurious minima never.
        count, runs = published or (0, 1000)
        table.row([size, width, percent(row["spurious"], row["starts"]), row["starts"], percent(count, runs), runs],
                  fisher(row["spurious"], row["starts"], count, runs))
    return table.agrees()


def classes(ours, published):
    """Every published class of 2021 that ours have too; how many they have not; how often it is reached."""
    starts = {row["dimension"]: row["starts"] for row in ours["sizes"]}
    found = {}
    for row in ours["minima"]:
        found.setdefault((row["dimension"], row["isotropy"]), []).append(row)
    worst_value = worst_eigenvalue = 0
    matched, runs_matched, lonely, p_values = 0, 0, [], []
    for row in published:
        candidates = found.get((row["dimension"], row["isotropy"]), [])
        near = [it for it in candidates if abs(it["value"] / 2 - row["value"]) < 1e-6]
        if not near:
            lonely.append(row["count"])
            continue
        worst_value = max(worst_value, abs(near[0]["value"] / 2 - row["value"]))
        worst_eigenvalue = max(worst_eigenvalue, abs(near[0]["min_eigenvalue"] / 2 - row["min_eigenvalue"]))
        matched, runs_matched = matched + 1, runs_matched + row["count"]
        p_values.append(fisher(near[0]["count"], starts[row["dimension"]], row["count"], 500))
    least = min(1, min(p_values) * len(p_values))
    print(f"{matched} classes are among both, {runs_matched} of the published runs end there. Values differ by "
          f"{worst_value:.1g} at most, least eigenvalues by {worst_eigenvalue:.1g}. How often each is reached: the "
          f"least of {len(p_values)} p values, as the least of so many, is {least:.2g}. {len(lonely)} published "
          f"classes are not among ours, reached by {sum(lonely)} of their runs in all, by {max(lonely, default=0)} "
          "at most each.")
    return (least >= LEAST_LEVEL and worst_value <= VALUE_ERROR["safran_yehudai_shamir_2021"]
            and worst_eigenvalue <= EIGENVALUE_ERROR)


def values_of_2018(ours, published):
    found = {}
    for table in ours:
        for row in table["minima"]:
            found.setdefault((row["dimension"], row["student_width"]), []).append(row["value"] / 2)
    worst, matched, missing = 0, 0, []
    for row in published:
        for one in row["classes"]:
            distance = min((abs(value - one["value"]) for value in found.get((row["dimension"], row["student_width"]), [])),
                           default=1)
            if distance < 1e-6:
                worst, matched = max(worst, distance), matched + 1
            else:
                missing.append(one["count"])
    print(f"\nOf the values of 2018, {matched} are among ours, to {worst:.1g}; {len(missing)} are not, reached by "
          f"{sum(missing)} runs in all, {max(missing, default=0)} at most each.")
    return worst <= VALUE_ERROR["safran_shamir_2018"]


def main():
    published = load("published")
    equal, to_fifty, one_more = load("relu"), load("relu_to_50"), load("relu_one_more")
    of_2018 = {}
    for row in published["safran_shamir_2018"]:
        times = COUNTED_TIMES.get((row["dimension"], row["student_width"]), 1)
        assert all(one["count"] % times == 0 for one in row["classes"])
        of_2018[row["dimension"], row["student_width"]] = (row["spurious"] // times, row["starts"] // times)
    of_2021 = {}
    for row in published["safran_yehudai_shamir_2021"]:
        count, runs = of_2021.get((row["dimension"],) * 2, (0, 0))
        of_2021[(row["dimension"],) * 2] = (count + (row["isotropy"] != "d") * row["count"], runs + row["count"])
    agree = [shares("Safran and Shamir, 2018", equal["sizes"], of_2018),
             shares("Safran, Yehudai and Shamir, 2021", to_fifty["sizes"], of_2021),
             shares("One neuron more, 2018", one_more["sizes"], of_2018)]
    print("\nThe classes of 2021, against as many starts:\n")
    agree.append(classes(to_fifty, published["safran_yehudai_shamir_2021"]))
    print("\nThe same to d = 20, against 10 000 starts:\n")
    agree.append(classes(equal, [row for row in published["safran_yehudai_shamir_2021"] if row["dimension"] <= 20]))
    for table, excess in ((equal, 0), (one_more, 1)):
        width = {row["dimension"]: row["student_width"] for row in table["sizes"]}
        for row in table["minima"]:
            row["student_width"] = width[row["dimension"]]
    agree.append(values_of_2018([equal, one_more], published["safran_shamir_2018"]))
    return 0 if all(agree) else 1


if __name__ == "__main__":
    sys.exit(main())
