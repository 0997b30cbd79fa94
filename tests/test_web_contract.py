"""What the OpenAPI description promises is what is answered: W10, in short. The long form is a benchmark."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtools.serving import Server


@pytest.mark.filterwarnings("default")
def test_whatever_is_sent_no_answer_is_a_fault_or_undocumented(server: Server, tmp_path: Path) -> None:
    pytest.importorskip("schemathesis")
    from benchmarks.web import contract

    ran = contract(server.url, server.token, examples=2)
    assert ran.returncode == 0, ran.stdout[-6000:]


def test_every_way_of_the_api_is_told_in_its_document(server: Server) -> None:
    told = (Path(__file__).resolve().parents[1] / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    for path, ways in server.get("/api/openapi.json").json["paths"].items():
        for way in ways:
            assert f"{way.upper()} {path}" in told
