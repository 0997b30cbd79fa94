"""The harness that changes the code a little: what it changes, and what is known to change nothing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from devtools.mutants import TESTS, drawn, equivalents
from tests.conftest import ROOT

MODULE = '''
"""Words."""
from typing import Literal
Kind = Literal["a", "b"]
LIMIT = 3

def far(a: int = 1, *, of: str = "x") -> bool:
    """More words."""
    if a > LIMIT and not of:
        raise ValueError("words")
    total = 1e-9
    total += max(a, 2)
    print(total)
    return bool(zip(a, a, strict=True))
'''


def changes(sample: int | None = None, seed: int = 0) -> list[tuple[str, str]]:
    return [(mutant.was, mutant.became) for mutant in drawn("m", MODULE, sample, seed)]


def test_every_kind_of_change_is_made_once_and_one_at_a_time() -> None:
    made = changes()
    assert set(made) == {
        ("LIMIT = 3", "LIMIT = 4"),
        ("def far(a: int=1, *, of: str='x') -> bool:", "def far(a: int=2, *, of: str='x') -> bool:"),
        ("def far(a: int=1, *, of: str='x') -> bool:", "def far(a: int=1, *, of: str='x_') -> bool:"),
        ("if a > LIMIT and (not of):", "if a > LIMIT or not of:"),
        ("if a > LIMIT and (not of):", "if a >= LIMIT and (not of):"),
        ("if a > LIMIT and (not of):", "if a > LIMIT and of:"),
        ("if a > LIMIT and (not of):", "if not (a > LIMIT and (not of)):"),
        ("total += max(a, 2)", "pass"),
        ("total += max(a, 2)", "total -= max(a, 2)"),
        ("total += max(a, 2)", "total += min(a, 2)"),
        ("total += max(a, 2)", "total += max(a, 3)"),
        ("print(total)", "pass"),
    }
    assert len(made) == len(set(made))
    for mutant in drawn("m", MODULE, None, 0):
        assert ast.parse(mutant.text)
        assert mutant.line == 1 + MODULE[: MODULE.index(mutant.was[:12])].count("\n")


def test_a_sample_is_the_same_from_the_same_seed() -> None:
    assert len(changes(5, seed=1)) == 5
    assert changes(5, seed=1) == changes(5, seed=1)
    assert set(changes(5, seed=1)) <= set(changes())
    assert changes(99) == changes()


@pytest.mark.parametrize("module", TESTS)
def test_what_is_known_to_change_nothing_is_a_change_of_the_code_as_it_is_now(module: str) -> None:
    path = ROOT / "src" / Path(*module.split(".")).with_suffix(".py")
    made = {mutant.name for mutant in drawn(module, path.read_text(encoding="utf-8"), None, 0)}
    known = {change: why for change, why in equivalents().items() if change[0] == module}
    assert set(known) <= made
    assert all(known.values())
    assert all((ROOT / "tests" / f"test_{name}.py").is_file() for name in TESTS[module])
    assert {home for home, _, _ in equivalents()} <= set(TESTS)
