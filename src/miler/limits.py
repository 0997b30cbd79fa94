"""How large a file may be, and what may come out of it: every such number, in one place."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """What a file may ask of this machine.

    Attributes:
        file_bytes: the largest file, where it is not an archive.
        expanded_bytes: the largest file out of gzip or an archive.
        ratio, ratio_from_bytes: what expands further than this, beyond the first bytes, is a bomb:
            327 real recordings shrink up to 35-fold, zeros a thousandfold.
        members: files in an archive and the archives within it; the largest known export has 7,779.
        depth: archives within an archive within the one that is read; an account's export needs one.
        total_bytes: what all of an archive's files expand to.
    """

    file_bytes: int = 256 * MIB
    expanded_bytes: int = 256 * MIB
    ratio: int = 200
    ratio_from_bytes: int = 16 * MIB
    members: int = 20_000
    depth: int = 2
    total_bytes: int = 8 * 1024 * MIB

    def is_bomb(self, expanded: int, packed: int) -> bool:
        """Whether more comes out of a file, or of all files of an archive, than of any recording."""
        return expanded > self.ratio_from_bytes and expanded > self.ratio * packed


LIMITS = Limits()
