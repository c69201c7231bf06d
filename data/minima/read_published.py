#!/usr/bin/env python3
"""Makes published.json: what others counted, from the result files that they published with their papers.

usage: read_published.py ONE_LAYER OVERPARAMETERIZATION

ONE_LAYER: a checkout of ItaySafran/OneLayerGDconvergence, the results of Safran and Shamir, Spurious Local
Minima are Common in Two-Layer ReLU Neural Networks, ICML 2018. OVERPARAMETERIZATION: one of
ItaySafran/Overparameterization, those of Safran, Yehudai and Shamir, The Effects of Mild Over-parameterization
on the Optimization Landscape of Shallow ReLU Neural Networks, COLT 2021. Needs NumPy and SciPy.

Counts and least eigenvalues are theirs. Values are of their points, by the closed form below. Objective and
eigenvalues are of half the square, as they have it.
"""

import codecs
import io
import json
import pathlib
import pickle
import re
import sys
import warnings
import zipfile

import numpy
import numpy.core.multiarray
import scipy.io

LARGEST_SIZE = 50


def half_loss(points, targets):
    """E(Σ relu(w_i·x) − Σ relu(v_j·x))²/2, neurons in columns, by the arc-cosine kernel."""
    def kernel(left, right):
        lengths = numpy.outer(numpy.linalg.norm(left, axis=0), numpy.linalg.norm(right, axis=0))
        cosine = numpy.clip(left.T @ right / lengths, -1, 1)
        angle = numpy.arccos(cosine)
        return (lengths * (numpy.sqrt(1 - cosine**2) + (numpy.pi - angle) * cosine)).sum() / (2 * numpy.pi)
    return (kernel(points, points) + kernel(targets, targets)) / 2 - kernel(points, targets)


def of_2018(folder):
    files = {tuple(map(int, re.findall(r"\d+", file.name))): file for file in folder.glob("Results/newExp-*.mat")}
    for (targets, neurons), file in sorted(files.items()):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = scipy.io.loadmat(file)
        points = content["WbadNew"].reshape(targets, neurons, -1)
        counts = numpy.ravel(content["magnitude"])
        classes = [{"value": half_loss(points[:, :, i], numpy.eye(targets)), "count": int(counts[i])}
                   for i in range(len(counts))]
        yield {"dimension": targets, "student_width": neurons, "starts": 1000, "spurious": int(counts.sum()),
               "classes": sorted(classes, key=lambda found: -found["count"])}


class Minimum:
    """What their files hold, field by field."""


class PointsReader(pickle.Unpickler):
    """Knows arrays and nothing else."""
    KNOWN = {("numpy", "ndarray"): numpy.ndarray, ("numpy", "dtype"): numpy.dtype, ("_codecs", "encode"): codecs.encode,
             ("numpy.core.multiarray", "_reconstruct"): numpy.core.multiarray._reconstruct,
             ("numpy.core.multiarray", "scalar"): numpy.core.multiarray.scalar}

    def find_class(self, module, name):
        return Minimum if name == "Minimum" else self.KNOWN[module, name]


def point_of(found):
    """From one entry for each pair of blocks: [i, j] between blocks, [i, i] on the diagonal, [i, -1] beside it."""
    sizes = numpy.atleast_1d(found.p)
    values = numpy.atleast_2d(found.vals)
    blocks = [[numpy.full((n, m), values[i, j]) for j, m in enumerate(sizes)] for i, n in enumerate(sizes)]
    for i, n in enumerate(sizes):
        blocks[i][i] = values[i, -1] + (values[i, i] - values[i, -1]) * numpy.eye(n)
    return numpy.block(blocks)


def isotropy_of(sizes):
    """As `sigmahat probe minima` writes it: a part of more than half as d less the others, in falling order."""
    largest, *others = sorted((int(size) for size in numpy.atleast_1d(sizes)), reverse=True)
    first = "d" if not others else f"d-{sum(others)}" if largest > sum(others) else str(largest)
    return ",".join([first, *map(str, others)])


def of_2021(folder):
    with zipfile.ZipFile(folder / "Processed minima.zip") as archive:
        for size in range(6, LARGEST_SIZE + 1):
            minima = PointsReader(io.BytesIO(archive.read(f"Processed minima k={size}.p"))).load()
            for found in sorted(minima, key=lambda found: -found.multiplicity):
                point = point_of(found)
                yield {"dimension": size, "isotropy": isotropy_of(found.p), "count": int(found.multiplicity),
                       "value": half_loss(point, numpy.eye(size)), "min_eigenvalue": float(found.min_eig)}


def main():
    one_layer, overparameterization = map(pathlib.Path, sys.argv[1:])
    tables = {"safran_shamir_2018": of_2018(one_layer), "safran_yehudai_shamir_2021": of_2021(overparameterization)}
    with open(pathlib.Path(__file__).parent / "published.json", "w", encoding="utf-8") as file:
        file.write(json.dumps({"made_by": "data/minima/read_published.py OneLayerGDconvergence Overparameterization"})[:-1])
        for name, rows in tables.items():
            file.write(f',\n"{name}": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]")
        file.write("}\n")


main()
