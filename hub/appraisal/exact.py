"""Exact decimal arithmetic: any operation but a quotient or the total's rounding must lose nothing."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import (
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    Inexact,
    InvalidOperation,
    Overflow,
)

ZERO = Decimal(0)
ONE = Decimal(1)
# A quotient is carried to this many places (half up). The nearest half cent that a quotient of school
# numbers can miss lies more than a million times further away, so the total is the true one.
QUOTIENT_PLACES = 12


def exact_context() -> Context:
    """A context in which adding and multiplying either is exact or raises decimal.Inexact."""
    return Context(prec=60, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow, FloatOperation])


def quotient(dividend: Decimal, divisor: Decimal) -> Decimal:
    """dividend ÷ divisor, half up at 12 places. Raises decimal.DivisionByZero."""
    context = Context(prec=60, rounding=ROUND_HALF_UP, traps=[InvalidOperation, DivisionByZero])
    return context.divide(dividend, divisor).quantize(Decimal(1).scaleb(-QUOTIENT_PLACES), context=context)


def rounded_half_up(value: Decimal, places: int) -> Decimal:
    """The one rounding of a score, done at the total only."""
    context = Context(prec=60, rounding=ROUND_HALF_UP, traps=[InvalidOperation])
    return value.quantize(Decimal(1).scaleb(-places), context=context)


def split(whole: Decimal, weights: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """`whole` in proportion to `weights`, adding up to it exactly: the last part takes what quotients lose."""
    total = sum(weights, ZERO)
    if not weights or total == 0:
        return tuple(ZERO for _ in weights)
    parts = [quotient(whole * weight, total) for weight in weights[:-1]]
    return (*parts, whole - sum(parts, ZERO))
