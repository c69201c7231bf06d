#!/usr/bin/env python3
"""summary.py on meson test logs whose counts are known."""

import contextlib
import io
import json
import pathlib
import tempfile
import unittest

import summary

DOCTEST = '[doctest] test cases:  {} |  {} passed | {} failed | 0 skipped\n'


def unittest_output(ran, verdict):
    return f'....\n{"-" * 70}\nRan {ran} tests in 0.250s\n\n{verdict}\n'


class Summary(unittest.TestCase):
    def summed(self, *tests):
        """Exit code and printed lines for a log of these tests."""
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder) / 'testlog.json'
            log.write_text(''.join(json.dumps({'name': 'a test', **test}) + '\n' for test in tests))
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                code = summary.main(log)
        return code, printed.getvalue().splitlines()

    def test_the_cases_of_programs_that_count_them_are_summed(self):
        code, lines = self.summed(
            {'result': 'OK', 'stdout': DOCTEST.format(12, 12, 0)},
            {'result': 'OK', 'stdout': '', 'stderr': unittest_output(8, 'OK')},
            {'result': 'OK', 'stdout': 'says nothing of cases'})
        self.assertEqual((code, lines[-1]), (0, '21 passed, 0 failed'))

    def test_failures_are_counted_and_their_output_is_shown(self):
        code, lines = self.summed(
            {'result': 'FAIL', 'stdout': 'values: 1 == 2\n' + DOCTEST.format(12, 10, 2)},
            {'result': 'FAIL', 'stderr': unittest_output(8, 'FAILED (failures=1, errors=2)')},
            {'result': 'FAIL', 'stdout': 'wrong layout'})
        self.assertEqual((code, lines[-1]), (1, '15 passed, 6 failed'))
        self.assertIn('values: 1 == 2', lines)
        self.assertIn('wrong layout', lines)

    def test_a_program_that_ends_badly_after_its_cases_passed_has_failed(self):
        code, lines = self.summed({'result': 'FAIL', 'stdout': DOCTEST.format(3, 3, 0)})
        self.assertEqual((code, lines[-1]), (1, '3 passed, 1 failed'))

    def test_a_program_that_was_cut_off_has_failed(self):
        code, lines = self.summed({'result': 'TIMEOUT', 'stdout': ''})
        self.assertEqual((code, lines[-1]), (1, '0 passed, 1 failed'))

    def test_what_was_skipped_is_named_and_not_counted_as_passed(self):
        code, lines = self.summed(
            {'result': 'SKIP', 'stdout': 'no clang-format-14\n'},
            {'result': 'OK', 'stderr': unittest_output(5, 'OK (skipped=2)')})
        self.assertEqual(
            (code, lines),
            (0, ['--- a test: skipped: no clang-format-14', '3 passed, 0 failed, 3 skipped']))

    def test_a_run_without_any_test_has_failed(self):
        self.assertEqual(self.summed(), (1, ['0 passed, 0 failed']))


if __name__ == '__main__':
    unittest.main()
