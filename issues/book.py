"""What a rule book is made of: one row a verb. Plain Python.

Reports have their book in `issues.workflow`, whistles theirs in
`whistles.workflow`; both are read by the same few functions.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

V = TypeVar("V", bound=StrEnum)
S = TypeVar("S", bound=StrEnum)

# `who` of what happens by itself: no person may ask for it.
SYSTEM = "system"


@dataclass(frozen=True)
class Row(Generic[V, S]):
    """One verb.

    `to` None: the state stays. `otherwise`: where the verb leads when its answer
    is no. `when`: what must be so of the thing, by key. `apart`: never by
    whoever did the work, nor by their stand-in. `public`: outsiders read it too.
    """

    verb: V
    zh: str
    en: str
    sources: frozenset[S]
    to: S | None
    who: str
    needs: tuple[str, ...] = ()
    clocks: tuple[str, ...] = ()
    tells: tuple[str, ...] = ()
    otherwise: S | None = None
    when: tuple[str, ...] = ()
    apart: bool = False
    public: bool = True

    @property
    def by_itself(self) -> bool:
        return self.who == SYSTEM


R = TypeVar("R", bound=Row)  # type: ignore[type-arg]


def leaving(rows: Iterable[R], state: StrEnum) -> Iterator[R]:
    """The rows whose verb may leave this state, in the order of the book."""
    return (row for row in rows if state in row.sources)


def first_shut(row: Row[V, S], open_gates: Collection[str]) -> str:
    """The first gate of the row that is shut, "" when all are open."""
    return next((gate for gate in row.when if gate not in open_gates), "")


def target(row: Row[V, S], *, state: S, passed: bool | None = None) -> S:
    """The state that the verb leads to; `passed` False takes the way back."""
    if row.otherwise is not None and passed is False:
        return row.otherwise
    return row.to or state
