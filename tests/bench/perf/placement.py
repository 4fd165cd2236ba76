"""Which cores the programs of a measurement run on. docs/measuring.md, "Placement"; the same as `place` of ./bench run."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Placement:
    service: list[int]
    backends: list[int]  # PostgreSQL and Memcached
    loadgen: list[int]

    @property
    def cores(self) -> set[int]:
        return {*self.service, *self.backends, *self.loadgen}

    def __str__(self) -> str:
        return (f"service on core {listed(self.service)}, PostgreSQL and Memcached on {listed(self.backends)}, "
                f"loadgen on {listed(self.loadgen)}")


def listed(cores: Sequence[int]) -> str:
    return ",".join(map(str, cores))


def place(service: int, cores: Sequence[int]) -> Placement:
    """`service`: cores wanted for it where there are more than two; `cores`: those allowed, ascending."""
    n = len(cores)
    if n <= 2:
        return Placement([cores[0]], [cores[0]], [cores[-1]])
    client = 1 if n < 8 else n // 4
    service = min(service, n - client - 1)
    return Placement(list(cores[:service]), list(cores[service:n - client]), list(cores[n - client:]))
