"""What a scheme says, as frozen data: categories, blocks, indicators, composites, answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Band:
    """Up to and including `up_to`, the rate is `points`."""

    up_to: Decimal
    points: Decimal


ParamValue = Decimal | str | tuple[str, ...] | tuple[Band, ...] | Mapping[str, Decimal]


@dataclass(frozen=True)
class Param:
    """A parameter a criterion takes. kind: number, bands, table, word, or words:<code list>."""

    name: str
    kind: str = "number"


@dataclass(frozen=True)
class Indicator:
    """One rule of a block: the sentence people voted on, and the numbers in it.

    full: the most it can give where it adds to a block's full marks; exempt: categories it does not concern.
    """

    code: str
    name: str
    name_en: str
    text: str
    text_en: str
    criterion: str
    full: Decimal
    exempt: tuple[str, ...]
    params: Mapping[str, ParamValue]

    def number(self, name: str) -> Decimal:
        """A parameter that the criterion declares as a number."""
        value = self.params[name]
        assert isinstance(value, Decimal)
        return value

    def word(self, name: str) -> str:
        """A parameter that the criterion declares as one word."""
        value = self.params[name]
        assert isinstance(value, str)
        return value

    def words(self, name: str) -> tuple[str, ...]:
        """A parameter that the criterion declares as a list of codes."""
        value = self.params[name]
        assert isinstance(value, tuple)
        return tuple(str(each) for each in value)

    def bands(self, name: str) -> tuple[Band, ...]:
        """A parameter that the criterion declares as bands, in rising order."""
        value = self.params[name]
        assert isinstance(value, tuple)
        return tuple(each for each in value if isinstance(each, Band))

    def table(self, name: str) -> Mapping[str, Decimal]:
        """A parameter that the criterion declares as a table of numbers."""
        value = self.params[name]
        assert isinstance(value, Mapping)
        return value


@dataclass(frozen=True)
class Block:
    """Indicators that add up, between a floor and a cap. full is 0 where points only come on top."""

    code: str
    name: str
    name_en: str
    full: Decimal
    floor: Decimal
    cap: Decimal
    indicators: tuple[Indicator, ...]


@dataclass(frozen=True)
class Composite:
    """Which blocks add up for which categories of staff."""

    code: str
    name: str
    name_en: str
    categories: tuple[str, ...]
    blocks: tuple[str, ...]
    text: str
    text_en: str = ""


@dataclass(frozen=True)
class Answer:
    """How the scheme settles one of the fifteen points where such texts are ambiguous (DOMAIN §2.15)."""

    number: int
    question: str
    answer: str


@dataclass(frozen=True)
class Scheme:
    """One version of a scheme; `digest` is the SHA-256 of the document it was read from."""

    code: str
    version: int
    title: str
    title_en: str
    full: Decimal
    places: int
    blocks: tuple[Block, ...]
    composites: tuple[Composite, ...]
    answers: tuple[Answer, ...]
    digest: str

    def block(self, code: str) -> Block:
        """The block with this code. Raises KeyError."""
        for block in self.blocks:
            if block.code == code:
                return block
        raise KeyError(code)

    def indicator(self, code: str) -> Indicator:
        """The indicator with this code. Raises KeyError."""
        for block in self.blocks:
            for indicator in block.indicators:
                if indicator.code == code:
                    return indicator
        raise KeyError(code)
