"""Numbers side by side, for compiled loops that give the same bits on any processor.

What a compiler makes of a loop (how many partial sums, which products and sums become one fused
operation) depends on the processor, and with it the last bits, which chaotic runs turn into other
results. Here all is written out: vectors of 64 bytes, fused products where `plus_product`
or `minus_product` stands and nowhere else, and sums in the order of the code. A processor with
shorter registers takes two or four for one, one without fused operations calls a function that
computes them exactly (slow, but the same bits).

A vector is eight float64 or sixteen float32 numbers, as the array it is loaded from, so that a
kernel written once computes in either; operations take and give vectors of one type. An array is
read and written by rows of that many numbers, counted from its first one; whether there is such a
row is not checked. `zeros` and `padded` give arrays whose rows lie on one cache line each.
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

# Of a vector, and of a cache line.
_BYTES = 64

# No fast-math: nothing is fused or reordered but what is written so.
jit = numba.njit(nogil=True, cache=True, error_model="numpy")


def lanes(dtype: np.dtype | type) -> int:
    """How many numbers of this type a vector holds: 8 of float64, 16 of float32."""
    return _BYTES // np.dtype(dtype).itemsize


def zeros(*shape: int, dtype: np.dtype | type = np.float64) -> np.ndarray:
    """Zeros of this shape and type; rows of as many as a vector holds lie on a cache line each."""
    count = int(np.prod(shape))
    spare = np.zeros(count + lanes(dtype), dtype)
    offset = -spare.ctypes.data % _BYTES // spare.itemsize
    return spare[offset : offset + count].reshape(shape)


def padded(array: np.ndarray) -> np.ndarray:
    """A copy of (..., d), float64 or float32, last axis filled up with zeros to whole vectors."""
    length, width = array.shape[-1], lanes(array.dtype)
    copy = zeros(*array.shape[:-1], -(-length // width) * width, dtype=array.dtype)
    copy[..., :length] = array
    return copy


class _Vector(types.Type):
    """As many numbers of a type as 64 bytes hold."""

    def __init__(self, number: types.Float):
        self.number = number
        self.lanes = _BYTES * 8 // number.bitwidth
        super().__init__(f"Vector({number})")

    @property
    def in_llvm(self):
        """The type that LLVM knows."""
        scalar = llvm.DoubleType() if self.number == types.float64 else llvm.FloatType()
        return llvm.VectorType(scalar, self.lanes)


register_model(_Vector)(
    lambda manager, vector: models.PrimitiveModel(manager, vector, vector.in_llvm)
)


@intrinsic
def lanes_of(_, array):
    """How many numbers a row of this array holds, known when a kernel is compiled."""
    count = _Vector(array.dtype).lanes

    def emit(context, _builder, _signature, _arguments):
        return context.get_constant(types.intp, count)

    return types.intp(array), emit


@intrinsic
def load(_, array, row):
    """The numbers of this row."""

    def emit(context, builder, signature, arguments):
        address, align = _address(context, builder, signature, arguments)
        return builder.load(address, align=align)

    return _Vector(array.dtype)(array, types.intp), emit


@intrinsic
def store(_, array, row, value):
    """array's row = value."""

    def emit(context, builder, signature, arguments):
        address, align = _address(context, builder, signature, arguments)
        builder.store(arguments[2], address, align=align)
        return context.get_dummy_value()

    return types.void(array, types.intp, _Vector(array.dtype)), emit


def _address(context, builder, signature, arguments):
    """Where a row lies, and the alignment of a number, in bytes."""
    array, row = arguments[:2]
    vector = _Vector(signature.args[0].dtype)
    data = context.make_array(signature.args[0])(context, builder, array).data
    number = builder.gep(data, [builder.mul(row, row.type(vector.lanes))])
    return builder.bitcast(number, vector.in_llvm.as_pointer()), vector.number.bitwidth // 8


@intrinsic
def spread(_, number):
    """A vector of this number, float64 or float32, in every lane."""

    def emit(_context, builder, signature, values):
        return _spread(builder, signature.return_type.in_llvm, values[0])

    return _Vector(number)(number), emit


@intrinsic
def zero(_, array):
    """A vector of zeros, of the type of this array's rows."""

    def emit(_context, _builder, signature, _values):
        return signature.return_type.in_llvm(None)

    return _Vector(array.dtype)(array), emit


def _elementwise(emit):
    """The operation on vectors that emit(builder, a, b, ...) emits."""

    def lower(_context, builder, _signature, values):
        return emit(builder, *values)

    # Numba takes the number of arguments from what is wrapped.
    @functools.wraps(emit)
    def typed(_, *vectors):
        return vectors[0](*vectors), lower

    return intrinsic(typed)


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
    return builder.select(builder.fcmp_ordered("<", a, a.type(None)), a.type(None), a)


@_elementwise
def where_positive(builder, a, b):
    """a where b > 0, else 0."""
    return builder.select(builder.fcmp_ordered(">", b, b.type(None)), a, a.type(None))


@intrinsic
def total(_, a):
    """Sum of the numbers, half by half: of eight ((a0 + a4) + (a2 + a6)) + ((a1 + a5) + (a3 + a7)).

    Sixteen become eight the same way: a0 + a8, a1 + a9, ...
    """

    def emit(_context, builder, _signature, values):
        left = values[0]
        while left.type.count > 1:
            half = left.type.count // 2
            right = _shuffled(builder, left, [*range(half, 2 * half)])
            left = builder.fadd(_shuffled(builder, left, [*range(half)]), right)
        return builder.extract_element(left, llvm.IntType(32)(0))

    return a.number(a), emit


@intrinsic
def any_beyond(_, a, limit):
    """Whether |a| >= limit, a number of the same type, in any lane; NaN is."""

    def emit(_context, builder, _signature, values):
        vector, most = values
        size = _call(builder, "fabs", vector)
        beyond = builder.fcmp_unordered(">=", size, _spread(builder, vector.type, most))
        bits = builder.bitcast(beyond, llvm.IntType(vector.type.count))
        return builder.icmp_unsigned("!=", bits, bits.type(0))

    return types.boolean(a, a.number), emit


def _call(builder, name, *vectors):
    """LLVM's function of this name on vectors."""
    kind = vectors[0].type
    suffix = "f64" if isinstance(kind.element, llvm.DoubleType) else "f32"
    function = llvm.FunctionType(kind, [kind] * len(vectors))
    return builder.call(
        builder.module.declare_intrinsic(f"llvm.{name}.v{kind.count}{suffix}", (), function),
        vectors,
    )


def _spread(builder, kind, number):
    """A vector of this LLVM type of one number."""
    first = builder.insert_element(kind(llvm.Undefined), number, llvm.IntType(32)(0))
    return _shuffled(builder, first, [0] * kind.count)


def _shuffled(builder, vector, places):
    mask = llvm.Constant(llvm.VectorType(llvm.IntType(32), len(places)), places)
    return builder.shuffle_vector(vector, vector.type(llvm.Undefined), mask)
