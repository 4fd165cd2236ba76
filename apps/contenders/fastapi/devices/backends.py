"""What POST writes to: the row, then the cache entry."""
from __future__ import annotations

from dataclasses import dataclass

from devices.cache import Cache
from devices.store import Store


@dataclass(frozen=True, slots=True)
class Backends:
    store: Store
    cache: Cache

    async def start(self) -> None:
        await self.store.start()

    async def stop(self) -> None:
        await self.store.stop()
        await self.cache.stop()

    def tick(self) -> None:
        self.store.tick()
        self.cache.tick()
