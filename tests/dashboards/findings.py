"""What a check has to say."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """`rule` as dashboard-linter or we name it; `panel` may be empty."""

    rule: str
    dashboard: str
    panel: str
    text: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.dashboard}{' / ' + self.panel if self.panel else ''}: {self.text}"
