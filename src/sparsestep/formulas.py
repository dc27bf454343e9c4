"""Formulas of one number in config.yaml, as `2 / step_size`: arithmetic, and nothing else.

A formula is read as Python's grammar reads it, and what is not arithmetic of numbers and the named
variables is refused: nothing that a config holds is ever run as a program.
"""

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

_LONGEST = 200
_OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    # Of floats, so that no power takes long; one that is too large is told as an overflow.
    ast.Pow: lambda base, exponent: math.pow(base, exponent),
}
_FUNCTIONS: dict[str, Callable[..., float]] = {
    "sqrt": math.sqrt,
    "log": math.log,
    "exp": math.exp,
    "abs": abs,
    "min": lambda *numbers: min(numbers),
    "max": lambda *numbers: max(numbers),
}
_VALID = "numbers, + - * / **, brackets, sqrt, log, exp, abs, min, max"


class Formula:
    """A formula of some variables; raises ValueError, one line, where it is none."""

    def __init__(self, text: str, variables: tuple[str, ...]):
        if len(text) > _LONGEST:
            raise ValueError(f"must have at most {_LONGEST} characters")
        self.text = text
        self._variables = variables
        try:
            self._body = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise ValueError(f"is no formula; valid: {self._valid()}") from None
        self._check(self._body)

    def __call__(self, **values: float) -> float:
        """Its value; raises ValueError where it has none (a division by zero, an overflow)."""
        try:
            value = float(self._value(self._body, values))
        except (ArithmeticError, ValueError):
            value = math.nan
        if not math.isfinite(value):
            given = ", ".join(f"{name} = {str(number)[:20]}" for name, number in values.items())
            raise ValueError(f"has no value at {given}")
        return value

    def _valid(self) -> str:
        return f"{_VALID}, and {', '.join(self._variables)}"

    def _check(self, node: ast.expr) -> None:
        match node:
            case ast.Constant(value=bool()) | ast.Call(keywords=[_, *_]):
                known = False
            case ast.Constant(value=int() | float()):
                known = True
            case ast.Name(id=name):
                known = name in self._variables
            case ast.BinOp(op=op):
                known = type(op) in _OPERATORS
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                known = True
            case ast.Call(func=ast.Name(id=name), args=[_, *rest]):
                known = name in _FUNCTIONS and (not rest or name in ("min", "max"))
            case _:
                known = False
        if not known:
            part = ast.unparse(node)
            raise ValueError(f"{part[:40]!r} has no place in a formula; valid: {self._valid()}")
        for part in _parts(node):
            self._check(part)

    def _value(self, node: Any, values: dict[str, float]) -> float:
        parts = [self._value(part, values) for part in _parts(node)]
        match node:
            case ast.Constant(value=value):
                return float(value)
            case ast.Name(id=name):
                return float(values[name])
            case ast.BinOp(op=op):
                return _OPERATORS[type(op)](*parts)
            case ast.UnaryOp(op=op):
                return -parts[0] if isinstance(op, ast.USub) else parts[0]
            case ast.Call(func=ast.Name(id=name)):
                return _FUNCTIONS[name](*parts)
        raise AssertionError(node)


def _parts(node: ast.expr) -> list[ast.expr]:
    """The parts of a formula whose values it is made from."""
    match node:
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.Call(args=arguments):
            return arguments
    return []
