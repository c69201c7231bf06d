#!/usr/bin/env python3
"""Checks how the files under lib/ include one another.

The order of the modules is the table of docs/layout.md. Prints one line for each violation; exit
code 1 where there is one.

usage: layering.py ROOT HEADER...
HEADER: every header that lib/meson.build knows, as numeric/scalar.hpp
"""

import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
TABLE_ROW = re.compile(r'^\| `(\w+)` \|', re.MULTILINE)


def modules_in_order(layout):
    """The module names of the table in docs/layout.md, ground floor first."""
    return TABLE_ROW.findall(layout.read_text(encoding='utf-8'))


def include_violations(root, file, floor):
    """Lines on what `file` includes and should not."""
    name = file.relative_to(root)
    module = file.relative_to(root / 'lib' / 'sigmahat').parts[0]
    for bracket, target in INCLUDE.findall(file.read_text(encoding='utf-8')):
        if bracket == '"':
            yield f'{name}: includes "{target}": write <sigmahat/module/name.hpp>'
        elif target.startswith('sigmahat/'):
            included = target.split('/')[1]
            if included not in floor:
                yield f'{name}: includes <{target}>: docs/layout.md has no module {included}'
            elif floor[included] > floor[module]:
                yield f'{name}: includes <{target}>: {included} is above {module}'
        elif (root / target).exists() or (root / 'tools' / target).exists():
            yield f'{name}: includes <{target}>, a file from outside lib/'


def violations(root, known_headers):
    """Lines on everything that is out of order under root/lib."""
    floor = {module: i for i, module in enumerate(modules_in_order(root / 'docs' / 'layout.md'))}
    library = root / 'lib' / 'sigmahat'
    for folder in sorted(library.iterdir()):
        if folder.name not in floor:
            yield f'{folder.relative_to(root)}: docs/layout.md has no module of this name'
            continue
        for file in sorted(folder.rglob('*.[ch]pp')):
            yield from include_violations(root, file, floor)
            if file.suffix == '.hpp':
                if not re.search(r'^#pragma once$', file.read_text(encoding='utf-8'), re.MULTILINE):
                    yield f'{file.relative_to(root)}: no #pragma once'
                if str(file.relative_to(library)) not in known_headers:
                    yield f'{file.relative_to(root)}: lib/meson.build does not list it'


def main(root, *known_headers):
    found = list(violations(pathlib.Path(root), set(known_headers)))
    print('\n'.join(found) if found else 'the modules are in order')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
