"""The tables in data/coefficients against what the program says today."""

import importlib.util
import json
import unittest
from decimal import Decimal, getcontext

from program import SOURCE, ProgramTest, schema_validator

FOLDER = SOURCE / "data" / "coefficients"
# Closed forms with breakpoints, error functions, exponentials; made of MPFR's correct roundings.
BIT_FOR_BIT = ["relu", "gelu", "selu", "gaussian", "hermite(4)"]


def maker():
    spec = importlib.util.spec_from_file_location("make_tables", FOLDER / "make_tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class ShippedTables(ProgramTest):
    def setUp(self):
        super().setUp()
        self.maker = maker()
        getcontext().prec = 120

    def test_there_is_one_for_each_line_of_the_registry_and_no_other(self):
        wanted = sorted(self.maker.file_name(name) for name in self.maker.activations())
        self.assertEqual(sorted(file.name for file in FOLDER.glob("*.json")), wanted)

    def test_closed_forms_are_made_again_bit_for_bit(self):
        for name in BIT_FOR_BIT:
            with self.subTest(name):
                shipped = (FOLDER / self.maker.file_name(name)).read_bytes()
                self.assertEqual(self.maker.table(name), shipped)

    def test_every_table_is_valid_and_agrees_with_a_new_one_within_the_bounds(self):
        validator = schema_validator("coefficients")
        for name in self.maker.activations():
            with self.subTest(name):
                shipped = json.loads((FOLDER / self.maker.file_name(name)).read_text(encoding="utf-8"))
                validator.validate(shipped)
                self.assertEqual(shipped["inputs"]["activation"], name)
                scale = Decimal(shipped["results"]["second_moment"]).sqrt()
                new = json.loads(self.maker.table(name))["results"]["coefficients"]
                old = shipped["results"]["coefficients"]
                self.assertEqual([c["k"] for c in old], list(range(101)))
                for a, b in zip(old, new):
                    self.assertIn(a["status"], ["exact", "certified"])
                    self.assertEqual(a["exact"], b["exact"])
                    bound = Decimal(a["error_bound"])
                    # 100 digits of the largest, 1.27..., leave half a unit of 1e-99.
                    self.assertLess(bound, scale * Decimal("1e-99"), (name, a["k"]))
                    self.assertLessEqual(
                        abs(Decimal(a["value"]) - Decimal(b["value"])), bound + Decimal(b["error_bound"]))


if __name__ == "__main__":
    unittest.main()
