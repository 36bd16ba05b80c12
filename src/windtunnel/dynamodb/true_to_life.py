"""What of real life is wanted on request: lag, throttling, conflicts, latency. All off by default, all by a seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from windtunnel.dynamodb.lifecycle import Delays
from windtunnel.errors import ConfigError


@dataclass(frozen=True, slots=True)
class TrueToLife:
    """The options of windtunnel.toml's [dynamodb], and their flags. Milliseconds where the name says so."""

    seed: int = 0
    """The same seed and the same calls at the same times: the same lags, conflicts and latencies."""
    read_lag_ms: float = 0.0
    """An eventually consistent read may see the state of up to so long ago."""
    throughput: bool = False
    """Provisioned tables and indexes throttle beyond their units, after a burst of 300 seconds' worth."""
    hot_partitions: bool = False
    """A partition key takes 3 000 read and 1 000 write units a second, whatever the table has."""
    conflict_rate: float = 0.0
    """The part of transactions' and their items' writes that meets another transaction under way: 0 to 1."""
    latency_ms: float = 0.0
    """Answers wait so long at the median, with a tail of up to four times that."""
    table_delay_ms: float = 0.0
    """Tables take so long to be made, changed and deleted, and an index ten times that to be filled."""

    @property
    def enabled(self) -> bool:
        """Whether anything is wanted."""
        return bool(self.read_lag_ms or self.throughput or self.hot_partitions or self.conflict_rate or self.latency_ms)

    @property
    def delays(self) -> Delays:
        """How long the states of tables and indexes last."""
        seconds = self.table_delay_ms / 1000
        return Delays(create=seconds, update=seconds, delete=seconds, index=10 * seconds)

    def told(self) -> str:
        """What is on, in words; "" where nothing is."""
        return ", ".join(
            f"{field.name} = {value}".replace("True", "true")
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
        )

    @classmethod
    def of(cls, table: Mapping[str, Any], source: str) -> TrueToLife:
        """Checked options. Raises ConfigError, which names `source`."""
        known = {field.name: field.default for field in fields(cls)}
        for name, value in table.items():
            if name not in known:
                raise ConfigError(f"{source}: there is no dynamodb.{name}", hint=f"known are {', '.join(known)}")
            wanted = bool if isinstance(known[name], bool) else int | float
            if not isinstance(value, wanted) or (wanted is not bool and isinstance(value, bool)):
                what = "true or false" if wanted is bool else "a number"
                raise ConfigError(f"{source}: dynamodb.{name} is {what}, not {value!r}")
            if wanted is not bool and value < 0:
                raise ConfigError(f"{source}: dynamodb.{name} is not below 0: {value!r}")
        options = cls(**table)
        if options.conflict_rate > 1:
            raise ConfigError(f"{source}: dynamodb.conflict_rate is a part of 1, not {options.conflict_rate!r}")
        return options
