#!/usr/bin/env python3
"""Sums up a meson test log: the output of what failed, then "N passed, N failed".

Counts the test cases of doctest and unittest programs; any other program counts as one.

usage: summary.py TESTLOG.json
"""

import collections
import json
import re
import sys

DOCTEST = re.compile(r'^\[doctest\] test cases: +\d+ \| +(\d+) passed \| +(\d+) failed', re.MULTILINE)
UNITTEST = re.compile(r'^Ran (\d+) tests? in .*\n\n(?:OK|FAILED)(?: \((.*)\))?$', re.MULTILINE)


def case_counts(output):
    """Counter of passed, failed and skipped cases, or None where the program does not say."""
    if match := DOCTEST.search(output):
        return collections.Counter(passed=int(match[1]), failed=int(match[2]))
    if match := UNITTEST.search(output):
        detail = dict(item.split('=') for item in (match[2] or '').split(', ') if item)
        failed = sum(int(detail.get(kind, 0)) for kind in ('failures', 'errors'))
        skipped = int(detail.get('skipped', 0))
        return collections.Counter(
            passed=int(match[1]) - failed - skipped, failed=failed, skipped=skipped)
    return None


def counts(test):
    """The same for one line of meson's log, in agreement with meson's own verdict."""
    if test['result'] == 'SKIP':
        return collections.Counter(skipped=1)
    good = test['result'] == 'OK'
    cases = case_counts(test.get('stdout', '') + '\n' + test.get('stderr', ''))
    if cases is None:
        return collections.Counter(passed=1) if good else collections.Counter(failed=1)
    if not good and cases['failed'] == 0:
        cases['failed'] = 1  # every case passed, then the program ended badly
    return cases


def main(log):
    total = collections.Counter()
    with open(log, encoding='utf-8') as lines:
        for line in lines:
            test = json.loads(line)
            total += counts(test)
            if test['result'] not in ('OK', 'SKIP'):
                print(f"--- {test['name']}: {test['result']}")
                print(test.get('stdout', ''), test.get('stderr', ''), sep='\n')
            elif test['result'] == 'SKIP':
                print(f"--- {test['name']}: skipped: {test.get('stdout', '').strip()}")
    skipped = f", {total['skipped']} skipped" if total['skipped'] else ''
    print(f"{total['passed']} passed, {total['failed']} failed{skipped}")
    return 1 if total['failed'] or not total['passed'] else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
