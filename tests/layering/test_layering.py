#!/usr/bin/env python3
"""layering.py on small trees with one thing wrong in each."""

import pathlib
import tempfile
import unittest

from layering import violations

LAYOUT = '| module | lives there |\n|---|---|\n| `ground` | |\n| `first` | |\n'
IN_ORDER = {
    'docs/layout.md': LAYOUT,
    'lib/sigmahat/ground/a.hpp': '#pragma once\n#include <vector>\n',
    'lib/sigmahat/ground/a.cpp': '#include <sigmahat/ground/a.hpp>\n',
    'lib/sigmahat/first/b.hpp': '#pragma once\n#include <sigmahat/ground/a.hpp>\n',
    'tools/table.hpp': '#pragma once\n',
}


class Layering(unittest.TestCase):
    def found(self, changes, headers=('ground/a.hpp', 'first/b.hpp')):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in {**IN_ORDER, **changes}.items():
                file = root / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding='utf-8')
            return list(violations(root, set(headers)))

    def test_a_tree_in_order_passes(self):
        self.assertEqual(self.found({}), [])

    def test_an_include_of_a_higher_floor_is_found(self):
        source = '#include <sigmahat/ground/a.hpp>\n  #  include <sigmahat/first/b.hpp>\n'
        self.assertEqual(
            self.found({'lib/sigmahat/ground/a.cpp': source}),
            ['lib/sigmahat/ground/a.cpp: includes <sigmahat/first/b.hpp>: first is above ground'])

    def test_the_order_is_that_of_the_table(self):
        turned = '| `first` | |\n| `ground` | |\n'
        self.assertEqual(
            self.found({'docs/layout.md': turned}),
            ['lib/sigmahat/first/b.hpp: includes <sigmahat/ground/a.hpp>: ground is above first'])

    def test_a_module_that_the_table_lacks_is_found(self):
        self.assertEqual(len(self.found({'lib/sigmahat/attic/c.cpp': ''})), 1)
        self.assertEqual(
            len(self.found({'lib/sigmahat/ground/a.cpp': '#include <sigmahat/attic/c.hpp>\n'})), 1)

    def test_a_quoted_include_is_found(self):
        self.assertEqual(len(self.found({'lib/sigmahat/ground/a.cpp': '#include "a.hpp"\n'})), 1)

    def test_an_include_from_tools_is_found(self):
        for target in ('tools/table.hpp', 'table.hpp'):
            source = f'#include <{target}>\n'
            self.assertEqual(len(self.found({'lib/sigmahat/ground/a.cpp': source})), 1)

    def test_a_header_without_pragma_once_is_found(self):
        self.assertEqual(
            self.found({'lib/sigmahat/first/b.hpp': '// #pragma once is missing\n'}),
            ['lib/sigmahat/first/b.hpp: no #pragma once'])

    def test_a_header_that_the_build_does_not_know_is_found(self):
        self.assertEqual(
            self.found({}, headers=('ground/a.hpp',)),
            ['lib/sigmahat/first/b.hpp: lib/meson.build does not list it'])


if __name__ == '__main__':
    unittest.main()
