"""A chain of unknowns, each tied to the few beside it: its most likely values, and others as likely.

Every second link depends only on its two neighbours, so that all of these are put in terms of the others
at once, and again every second of what is left, until a handful can be solved as they are.

Source:
    Odd-even (cyclic) reduction of block tridiagonal systems; Golub & Van Loan, Matrix Computations, 4.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from miler.arrays import FloatArray

_FEW = 16  # links, solved as they are


@dataclass(frozen=True, eq=False)
class _Half:
    """Every second link, in terms of the two beside it.

    Attributes:
        own: (h, b, b) what ties the link to itself.
        by_sides: (h, b, 2b) by how much it falls as its left and its right neighbour grow.
        alone: (h, b, k) its values, were the neighbours zero.
    """

    own: FloatArray
    by_sides: FloatArray
    alone: FloatArray

    def between(self, kept: FloatArray, alone: FloatArray) -> FloatArray:
        """All links (2h+1, b, c): those kept (h+1, b, c), and between them these, of what they are alone."""
        sides = np.concatenate((kept[:-1], kept[1:]), axis=1)
        links = np.empty((2 * len(kept) - 1, *kept.shape[1:]))
        links[::2], links[1::2] = kept, alone - self.by_sides @ sides
        return links


@dataclass(frozen=True, eq=False)
class Chain:
    """The normal equations of a chain, taken apart.

    Attributes:
        solution: (n, k) one column for each right side.
    """

    solution: FloatArray
    _width: int
    _halves: tuple[_Half, ...]
    _rest: FloatArray

    @classmethod
    def of(cls, band: FloatArray, columns: FloatArray) -> Chain:
        """Take a chain apart.

        Args:
            band: (w+1, n) the symmetric positive definite matrix: in row d and column j, what ties unknown
                j to unknown j + d.
            columns: (n, k) right sides.
        """
        width, count = len(band) - 1, band.shape[1]
        own, onward, sides = _links(band, columns)
        halves = []
        while len(own) > _FEW:
            tied = np.concatenate((onward[:-1:2].transpose(0, 2, 1), onward[1::2]), axis=2)
            solved = _solved(own[1::2], np.concatenate((tied, sides[1::2]), axis=2))
            halves.append(_Half(own[1::2], solved[:, :, : 2 * width], solved[:, :, 2 * width :]))
            taken = tied.transpose(0, 2, 1) @ solved
            left, right = taken[:, :width], taken[:, width:]
            own, sides = own[::2].copy(), sides[::2].copy()
            own[:-1] -= left[:, :, :width]
            own[1:] -= right[:, :, width : 2 * width]
            sides[:-1] -= left[:, :, 2 * width :]
            sides[1:] -= right[:, :, 2 * width :]
            onward = np.concatenate((-left[:, :, width : 2 * width], np.zeros_like(onward[:1])))
        rest = _whole(own, onward)
        links = _solved(rest, sides.reshape(len(rest), -1)).reshape(sides.shape)
        for half in reversed(halves):
            links = half.between(links, half.alone)
        return cls(links.reshape(-1, columns.shape[1])[:count], width, tuple(halves), rest)

    def draws(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Draw values (n, count) about zero whose covariance is the inverse of the chain's matrix."""
        shocks = rng.standard_normal((len(self._rest), count))
        links = _solved(np.linalg.cholesky(self._rest).T, shocks).reshape(-1, self._width, count)
        for half in reversed(self._halves):
            root = np.linalg.cholesky(half.own).transpose(0, 2, 1)
            shocks = rng.standard_normal((*half.own.shape[:2], count))
            links = half.between(links, _solved(root, shocks))
        drawn: FloatArray = links.reshape(-1, count)[: len(self.solution)]
        return drawn


def _solved(matrix: NDArray[np.floating], columns: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.solve(matrix, columns), dtype=np.float64)


def _links(band: FloatArray, columns: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Links of w unknowns: what ties each to itself, and to the next; and their right sides.

    Idle unknowns are put at the end, so that each halving leaves an odd number of links.
    """
    width, count = len(band) - 1, band.shape[1]
    links, unit = -(-count // width), 1
    while (links - 1) // unit >= _FEW:
        unit *= 2
    links = -(-(links - 1) // unit) * unit + 1
    padded = np.zeros((width + 1, links * width))
    padded[:, :count], padded[0, count:] = band, 1.0
    sides = np.zeros((links * width, columns.shape[1]))
    sides[:count] = columns
    row, column = np.indices((width, width))
    begins = width * np.arange(links)[:, None, None]
    own = padded[abs(row - column), begins + np.minimum(row, column)]
    onward = padded[np.minimum(width + column - row, width), begins + row] * (column <= row)
    return own, onward, sides.reshape(links, width, -1)


def _whole(own: FloatArray, onward: FloatArray) -> FloatArray:
    """The matrix of a few links."""
    links, width = own.shape[:2]
    whole = np.zeros((links, width, links, width))
    at = np.arange(links)
    whole[at, :, at] = own
    whole[at[:-1], :, at[1:]] = onward[:-1]
    whole[at[1:], :, at[:-1]] = onward[:-1].transpose(0, 2, 1)
    return whole.reshape(links * width, -1)
