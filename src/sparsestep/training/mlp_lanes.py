"""Batch-1 SGD on ReLU networks of any depth: eight replicates side by side in vector lanes.

Over replicates every operation is the same, whatever the widths: parameters lie as (P, 8), a row is
one vector. Within a replicate, layers of ten or twenty units are too short to vectorise, and each
sum has to be complete before the next step begins.

Numba has no type for vectors and leaves straight-line code of eight numbers a row scalar (LLVM's
pass for that is off), so `_Lanes` and the operations below it say what is a vector. A processor
with shorter registers takes two or four for one.
"""

import functools

import llvmlite.ir
import numba
import numpy as np
from numba import types
from numba.extending import intrinsic, models, register_model

# Replicates that one call trains, one a lane.
GROUP = 8
# A residual beyond this can only grow: the replicate has diverged.
EXPLODED = 1e100
# Steps whose samples are looked up together: a row that was just put together from eight numbers
# cannot be loaded as a vector before they have left the processor's store buffer.
_BLOCK = 32


def train(network, problem, rows, step_sizes, snapshots, parameters, diverged_at):
    """Fill the rows of `parameters` and `diverged_at`; see `training.mlp.train`."""
    # Lanes without a replicate repeat the first.
    lanes = [*rows, *[rows[0]] * (GROUP - len(rows))]
    theta = _zeros(network.parameter_count)
    for lane, row in enumerate(lanes):
        theta[:, lane] = problem.of_replicate("theta0", row)
    samples = _BLOCK * (network.sizes[0] + 2)
    mine = slice(rows[0], rows[-1] + 1)
    _sgd(
        problem.x_train,
        problem.y_train,
        # Whose inputs and whose labels: each may be shared, or a replicate's own.
        np.array([np.minimum(lanes, len(part) - 1) for part in (problem.x_train, problem.y_train)]),
        problem.order[lanes],
        step_sizes[lanes],
        snapshots,
        _layout(network, samples),
        theta,
        _zeros(samples + 2 * sum(network.sizes[1:])),
        parameters[mine],
        diverged_at[mine],
    )


def _layout(network, first):
    """What the kernel has to know of each layer, (L, 6), int64.

    First rows in `theta` of its weights and biases (-1: none); numbers of inputs and outputs; first
    rows in `room` of its outputs and of the loss's derivatives by them, times the step size.
    """
    units = sum(network.sizes[1:])
    rows, weights = [], 0
    for outputs, inputs, has_bias in network.shapes:
        biases = weights + outputs * inputs
        rows.append((weights, biases if has_bias else -1, inputs, outputs, first, first + units))
        weights = biases + outputs * has_bias
        first += outputs
    return np.array(rows)


def _zeros(rows):
    """(rows, GROUP), float64, each row on one cache line: across two, it takes twice as long."""
    spare = np.zeros((rows + 1) * GROUP)
    offset = -spare.ctypes.data % 64 // 8
    return spare[offset : offset + rows * GROUP].reshape(rows, GROUP)


class _Lanes(types.Type):
    """A number of each replicate, float64."""


_LANES = _Lanes("Lanes")
_VECTOR = llvmlite.ir.VectorType(llvmlite.ir.DoubleType(), GROUP)
_ZERO = _VECTOR(None)
# Of the products and sums that may become one operation; no sum is reordered.
_CONTRACT = ("contract",)
register_model(_Lanes)(lambda manager, lanes: models.PrimitiveModel(manager, lanes, _VECTOR))


@intrinsic
def _load(_, array, row):
    """array[row]; the row is not checked."""

    def emit(context, builder, signature, arguments):
        return builder.load(_address(context, builder, signature, arguments), align=8)

    return _LANES(array, types.intp), emit


@intrinsic
def _store(_, array, row, value):
    """array[row] = value; the row is not checked."""

    def emit(context, builder, signature, arguments):
        builder.store(arguments[2], _address(context, builder, signature, arguments), align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, _LANES), emit


def _address(context, builder, signature, arguments):
    array, row = arguments[:2]
    data = context.make_array(signature.args[0])(context, builder, array).data
    number = builder.gep(data, [builder.mul(row, row.type(GROUP))])
    return builder.bitcast(number, _VECTOR.as_pointer())


def _elementwise(emit):
    """The operation on numbers of all replicates that emit(builder, a, b, ...) emits."""

    def lower(_context, builder, _signature, values):
        return emit(builder, *values)

    # Numba takes the number of arguments from what is wrapped.
    @functools.wraps(emit)
    def typed(_, *lanes):
        return _LANES(*lanes), lower

    return intrinsic(typed)


@_elementwise
def _zero(_builder):
    return _ZERO


@_elementwise
def _minus(builder, a, b):
    return builder.fsub(a, b)


@_elementwise
def _plus_product(builder, c, a, b):
    """c + a b, in one operation where the processor has it."""
    return builder.fadd(c, builder.fmul(a, b, flags=_CONTRACT), flags=_CONTRACT)


@_elementwise
def _minus_product(builder, c, a, b):
    """c - a b, in one operation where the processor has it."""
    return builder.fsub(c, builder.fmul(a, b, flags=_CONTRACT), flags=_CONTRACT)


@_elementwise
def _rectified(builder, a):
    """max(a, 0); NaN stays NaN."""
    return builder.select(builder.fcmp_ordered("<", a, _ZERO), _ZERO, a)


@_elementwise
def _where_positive(builder, a, b):
    """a where b > 0, else 0."""
    return builder.select(builder.fcmp_ordered(">", b, _ZERO), a, _ZERO)


@intrinsic
def _any_exploded(_, a):
    """Whether |a| >= EXPLODED in any lane; NaN is."""

    def emit(_context, builder, _signature, values):
        most, least = _VECTOR([EXPLODED] * GROUP), _VECTOR([-EXPLODED] * GROUP)
        above = builder.fcmp_unordered(">=", values[0], most)
        exploded = builder.or_(above, builder.fcmp_unordered("<=", values[0], least))
        bits = builder.bitcast(exploded, llvmlite.ir.IntType(GROUP))
        return builder.icmp_unsigned("!=", bits, bits.type(0))

    return types.boolean(a), emit


_jit = numba.njit(nogil=True, cache=True, error_model="numpy")


@_jit
def _sgd(x, y, data, order, step_sizes, snapshots, layout, theta, room, parameters, diverged_at):
    d = x.shape[2]
    labels = _BLOCK * d
    last = layout.shape[0] - 1
    # 1, and 0 from a replicate's divergence on.
    going = np.ones((1, GROUP))
    diverged_at[:] = -1
    taken = 0
    for t in range(step_sizes.shape[1]):
        if taken < snapshots.shape[0] and snapshots[taken] == t:
            for lane in range(parameters.shape[0]):
                for p in range(theta.shape[0]):
                    parameters[lane, taken, p] = theta[p, lane]
            taken += 1
        at = t % _BLOCK
        if at == 0:
            _look_up(x, y, data, order, step_sizes, t, room)
        below = at * d
        for index in range(last + 1):
            _forward(theta, room, layout, index, below, index < last)
            below = layout[index, 4]
        residual = _minus(_load(room, below), _load(room, labels + at))
        residual = _where_positive(residual, _load(going, 0))
        if _any_exploded(residual):
            _store(room, labels + at, residual)
            if _stop_exploded(room[labels + at], t, going, diverged_at):
                return
            residual = _where_positive(residual, _load(going, 0))
        # A diverged replicate stands still while the others go on.
        rate = _load(room, labels + _BLOCK + at)
        _store(room, layout[last, 5], _plus_product(_zero(), rate, residual))
        for index in range(last, 0, -1):
            _backward(theta, room, layout, index)
        _backward_input(theta, room, layout, at * d)


@_jit
def _look_up(x, y, data, order, step_sizes, t, room):
    """Inputs, labels and 2 eta of the next steps, into the first rows of `room`."""
    d = x.shape[2]
    labels = _BLOCK * d
    for at in range(min(_BLOCK, step_sizes.shape[1] - t)):
        for lane in range(GROUP):
            i = order[lane, t + at]
            for k in range(d):
                room[at * d + k, lane] = x[data[0, lane], i, k]
            room[labels + at, lane] = y[data[1, lane], i]
            room[labels + _BLOCK + at, lane] = 2.0 * step_sizes[lane, t + at]


@_jit
def _stop_exploded(residual, t, going, diverged_at):
    """Stop replicates whose residual exploded; whether none is left."""
    left = 0
    for lane in range(GROUP):
        if not abs(residual[lane]) < EXPLODED:
            going[0, lane] = 0.0
            if lane < diverged_at.shape[0]:
                diverged_at[lane] = t
        left += going[0, lane] > 0.0
    return left == 0


@_jit
def _forward(theta, room, layout, index, below, hidden):
    """Outputs of a layer whose inputs are in the rows of `room` from `below` on."""
    w, b, inputs, outputs = layout[index, 0], layout[index, 1], layout[index, 2], layout[index, 3]
    here = layout[index, 4]
    # Two inputs are loaded once: around one or two, an inner loop takes longer than what is in it.
    first, second = _load(room, below), _load(room, below + min(1, inputs - 1))
    for o in range(outputs):
        s = _load(theta, b + o) if b >= 0 else _zero()
        s = _plus_product(s, _load(theta, w), first)
        if inputs > 1:
            s = _plus_product(s, _load(theta, w + 1), second)
        for k in range(2, inputs):
            s = _plus_product(s, _load(theta, w + k), _load(room, below + k))
        _store(room, here + o, _rectified(s) if hidden else s)
        w += inputs


@_jit
def _backward(theta, room, layout, index):
    """Update of any layer but the first, and what the one below gets, in one pass."""
    w, b, inputs, outputs = layout[index, 0], layout[index, 1], layout[index, 2], layout[index, 3]
    above, below, slopes = layout[index, 5], layout[index - 1, 4], layout[index - 1, 5]
    for k in range(inputs):
        h = _load(room, below + k)
        s = _zero()
        for o in range(outputs):
            weight, slope = _load(theta, w + o * inputs + k), _load(room, above + o)
            s = _plus_product(s, weight, slope)
            _store(theta, w + o * inputs + k, _minus_product(weight, slope, h))
        _store(room, slopes + k, _where_positive(s, h))
    if b >= 0:
        for o in range(outputs):
            _store(theta, b + o, _minus(_load(theta, b + o), _load(room, above + o)))


@_jit
def _backward_input(theta, room, layout, below):
    """Update of the first layer, whose inputs are in the rows of `room` from `below` on."""
    w, b, inputs, outputs = layout[0, 0], layout[0, 1], layout[0, 2], layout[0, 3]
    above = layout[0, 5]
    first, second = _load(room, below), _load(room, below + min(1, inputs - 1))
    for o in range(outputs):
        slope = _load(room, above + o)
        _store(theta, w, _minus_product(_load(theta, w), slope, first))
        if inputs > 1:
            _store(theta, w + 1, _minus_product(_load(theta, w + 1), slope, second))
        for k in range(2, inputs):
            weight = _load(theta, w + k)
            _store(theta, w + k, _minus_product(weight, slope, _load(room, below + k)))
        if b >= 0:
            _store(theta, b + o, _minus(_load(theta, b + o), slope))
        w += inputs
