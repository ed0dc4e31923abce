"""What a ranking is worth, and that the reference scores it the same."""

import math
import runpy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.metrics import MEASURES, mean, percentile, score

REFERENCE = Path(__file__).parents[3] / "shared" / "discovery" / "evaluate.py"
TOOLS = st.sampled_from([f"tool {letter}" for letter in "abcdefgh"])
RANKED = st.lists(TOOLS, max_size=12)
GROUPS = st.lists(st.lists(TOOLS, min_size=1, max_size=3), min_size=1, max_size=4)


def test_a_ranking_by_hand() -> None:
    """Two groups: the first is met at once, the second in the third place, a tool of the first stands between."""
    measures = score(["a", "b", "c"], [["a", "b"], ["c"]])
    assert measures == {"R@1": 0.5, "R@5": 1, "R@10": 1, "nDCG@10": pytest.approx(1.5 / (1 + 1 / math.log2(3))), "C@10": 1}
    assert score(["x"] * 9 + ["a"], [["a"]])["R@5"] == 1  # one that comes twice counts once
    assert score([*"0123456789", "a"], [["a"]]) == dict.fromkeys(MEASURES, 0)
    assert score([], [["a"]]) == dict.fromkeys(MEASURES, 0)


@given(RANKED, GROUPS)
def test_measures_stay_in_their_bounds(ranked: list[str], groups: list[list[str]]) -> None:
    measures = score(ranked, groups)
    assert tuple(measures) == MEASURES
    assert all(0 <= value <= 1 for value in measures.values())
    assert measures["R@1"] <= measures["R@5"] <= measures["R@10"]
    assert measures["C@10"] == (measures["R@10"] == 1)


@given(RANKED, GROUPS)
def test_what_serves_nothing_only_takes_room(ranked: list[str], groups: list[list[str]]) -> None:
    before, after = score(ranked, groups), score(["other", *ranked], groups)
    assert after["R@1"] == 0
    assert all(after[measure] <= before[measure] for measure in MEASURES)
    assert score([*ranked, "other"], groups) == before


@pytest.mark.skipif(not REFERENCE.exists(), reason=f"{REFERENCE} is not there")
@given(RANKED, GROUPS)
def test_the_reference_says_the_same(ranked: list[str], groups: list[list[str]]) -> None:
    theirs: dict[str, float] = _REFERENCE["score"](ranked, groups)
    assert score(ranked, groups) == pytest.approx({measure: theirs[measure] for measure in MEASURES})


_REFERENCE: dict[str, Any] = runpy.run_path(str(REFERENCE)) if REFERENCE.exists() else {}


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50), st.floats(0.01, 1))
def test_percentiles(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values) + 1e-9


def test_means() -> None:
    assert mean([]) == {}
    assert mean([dict.fromkeys(MEASURES, 0.0), dict.fromkeys(MEASURES, 1.0)]) == dict.fromkeys(MEASURES, 0.5)
