"""The tables, as Markdown."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence

from evaluation.cells import Cell
from evaluation.metrics import MEASURES, mean, percentile, score
from evaluation.sets import Request


def systems(requests: Sequence[Request], rows: Iterable[tuple[str, Cell]]) -> str:
    """A row for each system over the same requests."""
    nones = any(not request.groups for request in requests)
    heads = ["", *MEASURES, *(["none rejected", "real lost"] if nones else []), "p50 ms", "p95 ms", "build s", "MiB"]
    lines: list[list[str]] = []
    for name, cell in rows:
        real = mean([score(a.ranked, r.groups) for r, a in zip(requests, cell.answers, strict=True) if r.groups])
        times = [answer.ms for answer in cell.answers]
        costs = [f"{percentile(times, 0.5):.2f}", f"{percentile(times, 0.95):.2f}", f"{cell.build:.1f}", f"{cell.mib:.0f}"]
        lines.append([name, *_figures(real), *(_rejection(requests, cell) if nones else []), *costs])
    return table(heads, lines)


def kinds(requests: Sequence[Request], ours: Cell, beside: Sequence[tuple[str, Cell]]) -> str:
    """A row for each kind of request and each language: our measures, how many got nothing, and the R@5 of others."""
    groups: dict[str, list[int]] = {}
    for number, request in enumerate(requests):
        groups.setdefault(request.kind or "all", []).append(number)
    for number, request in enumerate(requests):
        if request.lang not in ("", "en"):
            groups.setdefault(f"– {request.lang}", []).append(number)
    lines: list[list[str]] = []
    for kind, numbers in groups.items():
        nothing = sum(not ours.answers[number].ranked for number in numbers) / len(numbers)
        others = [_figures(_mean_of(requests, cell, numbers), ("R@5",)) for _, cell in beside]
        own = _figures(_mean_of(requests, ours, numbers))
        lines.append([kind, str(len(numbers)), *own, f"{nothing:.3f}", *(figure for figures in others for figure in figures)])
    return table(["", "requests", *MEASURES, "found nothing", *(f"R@5 {name}" for name, _ in beside)], lines)


def against(requests: Sequence[Request], one: Cell, other: Cell) -> str:
    """By how much R@5 differs, request by request, with the bounds between which it lies in 95 of 100 such sets."""
    answers = zip(requests, one.answers, other.answers, strict=True)
    found = [score(a.ranked, r.groups)["R@5"] - score(b.ranked, r.groups)["R@5"] for r, a, b in answers if r.groups]
    if len(found) < 2:
        return "too few requests"
    middle, wide = statistics.fmean(found), 1.96 * statistics.stdev(found) / math.sqrt(len(found))
    return f"R@5 {middle:+.3f} (95 %: {middle - wide:+.3f} to {middle + wide:+.3f})."


def misses(requests: Sequence[Request], cell: Cell) -> str:
    """The requests of which the first five tools leave something out, one a line, with what came first."""
    lines: list[str] = []
    for request, answer in zip(requests, cell.answers, strict=True):
        if request.groups and score(answer.ranked, request.groups)["R@5"] < 1:
            wanted = " + ".join("|".join(group) for group in request.groups)
            lines.append(f"{request.kind:<10} {request.query}\n    wanted {wanted}\n    found  {', '.join(answer.ranked[:5]) or 'nothing'}")
        elif not request.groups and answer.ranked:
            lines.append(f"{'none':<10} {request.query}\n    found  {', '.join(answer.ranked[:5])}")
    return "\n".join(lines)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; every column but the first to the right."""
    lines = [heads, ["---", *["--:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _figures(measured: Mapping[str, float], measures: Sequence[str] = MEASURES) -> list[str]:
    return [f"{measured[measure]:.3f}" if measured else "–" for measure in measures]


def _mean_of(requests: Sequence[Request], cell: Cell, numbers: Iterable[int]) -> dict[str, float]:
    real = (number for number in numbers if requests[number].groups)
    return mean([score(cell.answers[number].ranked, requests[number].groups) for number in real])


def _rejection(requests: Sequence[Request], cell: Cell) -> list[str]:
    """The share of the requests that no tool serves which got nothing, and of the real ones that did."""
    real = [not answer.ranked for request, answer in zip(requests, cell.answers, strict=True) if request.groups]
    none = [not answer.ranked for request, answer in zip(requests, cell.answers, strict=True) if not request.groups]
    return [f"{sum(none) / len(none):.3f}", f"{sum(real) / max(len(real), 1):.3f}"]
