"""Reads what /metrics says."""

from prometheus_client.parser import text_string_to_metric_families


class Numbers:
    """The samples of a scrape."""

    def __init__(self, text: str) -> None:
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self.samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value for family in self.families.values() for sample in family.samples
        }

    def get(self, name: str, **labels: str) -> float:
        """The value of a sample, 0 when there is none."""
        return self.samples.get((name, frozenset(labels.items())), 0)

    def values(self, label: str) -> set[str]:
        """Every value that a label has anywhere."""
        return {value for _, labels in self.samples for name, value in labels if name == label}

    def labels(self) -> set[str]:
        """The names of all labels."""
        return {name for _, labels in self.samples for name, _ in labels}
