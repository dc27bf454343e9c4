"""Eight float64 numbers side by side, for compiled loops that give the same bits on any processor.

What a compiler makes of a loop (how many partial sums, which products and sums become one fused
operation) depends on the processor, and with it the last bits, which chaotic runs turn into other
results. Here all is written out: vectors of eight, fused products where `plus_product` or
`minus_product` stands and nowhere else, and sums in the order of the code. A processor with shorter
registers takes two or four for one, one without fused operations calls a function that computes
them exactly (slow, but the same bits).

An array is read and written by rows of eight numbers, counted from its first one; whether there is
such a row is not checked. `zeros` and `padded` give arrays whose rows lie on one cache line each.
"""

import functools

import llvmlite.ir as llvm
import numba
import numpy as np
from numba import types
from numba.extending import intrinsic, models, register_model

from sparsestep.errors import SparsestepError

if numba.config.DISABLE_JIT:
    raise SparsestepError(
        "NUMBA_DISABLE_JIT is set, and what is not compiled would be rounded otherwise; unset it"
    )

# Numbers in a vector.
LANES = 8

# No fast-math: nothing is fused or reordered but what is written so.
jit = numba.njit(nogil=True, cache=True, error_model="numpy")


def zeros(*shape: int) -> np.ndarray:
    """Zeros of this shape, float64; rows of eight lie on a cache line each (64 bytes)."""
    count = int(np.prod(shape))
    spare = np.zeros(count + LANES)
    offset = -spare.ctypes.data % 64 // 8
    return spare[offset : offset + count].reshape(shape)


def padded(array: np.ndarray) -> np.ndarray:
    """A copy of (..., d) whose last axis is filled up with zeros to a multiple of eight."""
    length = array.shape[-1]
    copy = zeros(*array.shape[:-1], -(-length // LANES) * LANES)
    copy[..., :length] = array
    return copy


class _Vector(types.Type):
    """Eight float64 numbers."""


_TYPE = _Vector("Vector")
_DOUBLE = llvm.DoubleType()
_VECTOR = llvm.VectorType(_DOUBLE, LANES)
_ZERO = _VECTOR(None)
register_model(_Vector)(lambda manager, vector: models.PrimitiveModel(manager, vector, _VECTOR))


@intrinsic
def load(_, array, row):
    """The eight numbers of this row."""

    def emit(context, builder, signature, arguments):
        return builder.load(_address(context, builder, signature, arguments), align=8)

    return _TYPE(array, types.intp), emit


@intrinsic
def store(_, array, row, value):
    """array's row = value."""

    def emit(context, builder, signature, arguments):
        builder.store(arguments[2], _address(context, builder, signature, arguments), align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, _TYPE), emit


def _address(context, builder, signature, arguments):
    array, row = arguments[:2]
    data = context.make_array(signature.args[0])(context, builder, array).data
    number = builder.gep(data, [builder.mul(row, row.type(LANES))])
    return builder.bitcast(number, _VECTOR.as_pointer())


@intrinsic
def spread(_, number):
    """A vector of eight times this number."""

    def emit(_context, builder, _signature, values):
        first = builder.insert_element(_VECTOR(llvm.Undefined), values[0], llvm.IntType(32)(0))
        return _shuffled(builder, first, [0] * LANES)

    return _TYPE(types.float64), emit


def _elementwise(emit):
    """The operation on vectors that emit(builder, a, b, ...) emits."""

    def lower(_context, builder, _signature, values):
        return emit(builder, *values)

    # Numba takes the number of arguments from what is wrapped.
    @functools.wraps(emit)
    def typed(_, *vectors):
        return _TYPE(*vectors), lower

    return intrinsic(typed)


@_elementwise
def zero(_builder):
    """Eight zeros."""
    return _ZERO


@_elementwise
def plus(builder, a, b):
    """a + b."""
    return builder.fadd(a, b)


@_elementwise
def minus(builder, a, b):
    """a - b."""
    return builder.fsub(a, b)


@_elementwise
def times(builder, a, b):
    """a b."""
    return builder.fmul(a, b)


@_elementwise
def plus_product(builder, c, a, b):
    """c + a b, rounded once."""
    return _call(builder, "fma", a, b, c)


@_elementwise
def minus_product(builder, c, a, b):
    """c - a b, rounded once."""
    return _call(builder, "fma", builder.fneg(a), b, c)


@_elementwise
def rectified(builder, a):
    """max(a, 0); NaN stays NaN."""
    return builder.select(builder.fcmp_ordered("<", a, _ZERO), _ZERO, a)


@_elementwise
def where_positive(builder, a, b):
    """a where b > 0, else 0."""
    return builder.select(builder.fcmp_ordered(">", b, _ZERO), a, _ZERO)


@intrinsic
def total(_, a):
    """Sum of the eight numbers, ((a0 + a4) + (a2 + a6)) + ((a1 + a5) + (a3 + a7))."""

    def emit(_context, builder, _signature, values):
        left = values[0]
        for half in (4, 2, 1):
            right = _shuffled(builder, left, [*range(half, 2 * half)])
            left = builder.fadd(_shuffled(builder, left, [*range(half)]), right)
        return builder.extract_element(left, llvm.IntType(32)(0))

    return types.float64(a), emit


@intrinsic
def any_beyond(_, a, limit):
    """Whether |a| >= limit in any lane; NaN is."""

    def emit(context, builder, signature, values):
        vector, most = values
        size = _call(builder, "fabs", vector)
        first = builder.insert_element(_VECTOR(llvm.Undefined), most, llvm.IntType(32)(0))
        beyond = builder.fcmp_unordered(">=", size, _shuffled(builder, first, [0] * LANES))
        bits = builder.bitcast(beyond, llvm.IntType(LANES))
        return builder.icmp_unsigned("!=", bits, bits.type(0))

    return types.boolean(a, types.float64), emit


def _call(builder, name, *vectors):
    """LLVM's function of this name on vectors."""
    kind = llvm.FunctionType(_VECTOR, [_VECTOR] * len(vectors))
    return builder.call(
        builder.module.declare_intrinsic(f"llvm.{name}.v{LANES}f64", (), kind), vectors
    )


def _shuffled(builder, vector, places):
    mask = llvm.Constant(llvm.VectorType(llvm.IntType(32), len(places)), places)
    return builder.shuffle_vector(vector, vector.type(llvm.Undefined), mask)
