"""A chain of unknowns, each tied to the few beside it: its most likely values, and others as likely.

Every second link depends only on its two neighbours, so that all of these are put in terms of the others
at once, and again every second of what is left, until a handful can be solved as they are. Links are the
last axis of every array: so a step of the elimination is one sum over all of them.

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
        own: (b, b, h) what ties the link to itself.
        by_sides: (b, 2b, h) by how much it falls as its left and its right neighbour grow.
        alone: (b, k, h) its values, were the neighbours zero.
    """

    own: FloatArray
    by_sides: FloatArray
    alone: FloatArray

    def between(self, kept: FloatArray, alone: FloatArray) -> FloatArray:
        """All links (b, c, 2h+1): those kept (b, c, h+1), and between them these, of what they are alone."""
        links = np.empty((*kept.shape[:2], 2 * kept.shape[2] - 1))
        links[..., ::2] = kept
        links[..., 1::2] = alone - _product(self.by_sides, np.concatenate((kept[..., :-1], kept[..., 1:])))
        return links


@dataclass(frozen=True, eq=False)
class Chain:
    """The normal equations of a chain, taken apart.

    Attributes:
        solution: (k, n) one row for each right side.
    """

    solution: FloatArray
    _width: int
    _halves: tuple[_Half, ...]
    _rest: FloatArray

    @classmethod
    def of(cls, band: FloatArray, sides: FloatArray) -> Chain:
        """Take a chain apart.

        Args:
            band: (w+1, n) the symmetric positive definite matrix: in row d and column j, what ties unknown
                j to unknown j + d.
            sides: (k, n) right sides.
        """
        width, count = len(band) - 1, band.shape[1]
        own, onward, sides = _links(band, sides)
        halves = []
        while own.shape[2] > _FEW:
            tied = np.concatenate((onward[..., :-1:2].transpose(1, 0, 2), onward[..., 1::2]), axis=1)
            solved = _solved(own[..., 1::2], np.concatenate((tied, sides[..., 1::2]), axis=1))
            halves.append(_Half(own[..., 1::2], solved[:, : 2 * width], solved[:, 2 * width :]))
            taken = _product(tied.transpose(1, 0, 2), solved)
            left, right = taken[:width], taken[width:]
            own, sides = own[..., ::2].copy(), sides[..., ::2].copy()
            own[..., :-1] -= left[:, :width]
            own[..., 1:] -= right[:, width : 2 * width]
            sides[..., :-1] -= left[:, 2 * width :]
            sides[..., 1:] -= right[:, 2 * width :]
            onward = np.concatenate((-left[:, width : 2 * width], np.zeros((width, width, 1))), axis=2)
        rest = _whole(own, onward)
        links = _linked(np.linalg.solve(rest, _unlinked(sides).T).T, width)
        for half in reversed(halves):
            links = half.between(links, half.alone)
        return cls(_unlinked(links)[:, :count], width, tuple(halves), rest)

    def draws(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Draw values (n, count) about zero whose covariance is the inverse of the chain's matrix."""
        shocks = rng.standard_normal((len(self._rest), count))
        root = np.linalg.cholesky(self._rest).T
        links = _linked(np.linalg.solve(root, shocks).T, self._width)
        for half in reversed(self._halves):
            roots = np.linalg.cholesky(half.own.transpose(2, 0, 1)).transpose(2, 1, 0)
            shocks = rng.standard_normal((half.own.shape[2] * self._width, count))
            links = half.between(links, _solved(roots, _linked(shocks.T, self._width)))
        return _unlinked(links)[:, : self.solution.shape[1]].T


def _product(left: FloatArray, right: FloatArray) -> FloatArray:
    """The matrices (i, j, h) times those (j, k, h): (i, k, h)."""
    product: FloatArray = left[:, 0, None] * right[0]
    for j in range(1, len(right)):
        product += left[:, j, None] * right[j]
    return product


def _solved(matrices: NDArray[np.floating], columns: FloatArray) -> FloatArray:
    """Solve matrices (b, b, h) for columns (b, c, h); definite or triangular as they are, without pivots."""
    rows: FloatArray = np.concatenate((matrices, columns), axis=1, dtype=np.float64)
    for at in range(len(rows)):
        rows[at, at + 1 :] /= rows[at, at]
        for other in range(len(rows)):
            if other != at:
                rows[other, at + 1 :] -= rows[other, at] * rows[at, at + 1 :]
    return rows[:, len(rows) :]


def _linked(values: NDArray[np.floating], width: int) -> FloatArray:
    """Values (c, h w) as links (w, c, h)."""
    links = values.reshape(len(values), -1, width).transpose(2, 0, 1)
    return np.ascontiguousarray(links, dtype=np.float64)


def _unlinked(links: FloatArray) -> FloatArray:
    """Links (w, c, h) as values (c, h w)."""
    return links.transpose(1, 2, 0).reshape(links.shape[1], -1)


def _links(band: FloatArray, sides: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
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
    padded_sides = np.zeros((len(sides), links * width))
    padded_sides[:, :count] = sides
    ties = padded.reshape(width + 1, links, width).transpose(0, 2, 1)
    row, column = np.arange(width)[:, None], np.arange(width)
    own = ties[abs(row - column), np.minimum(row, column)]
    onward = ties[np.minimum(width + column - row, width), row] * (column <= row)[..., None]
    return own, onward, _linked(padded_sides, width)


def _whole(own: FloatArray, onward: FloatArray) -> FloatArray:
    """The matrix of a few links."""
    width, _, links = own.shape
    whole = np.zeros((links, width, links, width))
    at = np.arange(links)
    whole[at, :, at] = own.transpose(2, 0, 1)
    whole[at[:-1], :, at[1:]] = onward[..., :-1].transpose(2, 0, 1)
    whole[at[1:], :, at[:-1]] = onward[..., :-1].transpose(2, 1, 0)
    return whole.reshape(links * width, -1)
