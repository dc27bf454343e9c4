"""Updates of torch's optimisers, of many replicates at once.

theta and its gradient are (R, P), the step size eta (R, 1): each replicate has its own. Every
operation is by row, so that no replicate sees another. Formulas and defaults are those of
torch.optim; what they are is said in `sparsestep.algorithms`.
"""

import math

import torch
from torch import Tensor

from sparsestep.algorithms import adamw
from sparsestep.fields import Closed
from sparsestep.models.differentiable import Form


class Optimiser:
    """An update with a state; `options` is the algorithm's Spec, `form` the network's.

    Attributes:
        velocity: (R, P) of descent with momentum, None of all else.
    """

    velocity: Tensor | None = None

    def __init__(self, theta: Tensor, options: Closed, form: Form):
        self._options = options
        self._form = form
        self._count = 0

    def update(self, theta: Tensor, gradient: Tensor, eta: Tensor) -> None:
        """Make an update of theta, in place; what is in `gradient` afterwards is of no account."""
        self._count += 1
        self._move(theta, gradient, eta)

    def keep(self, rows: Tensor) -> None:
        """Go on with these replicates alone."""
        for name, value in vars(self).items():
            if isinstance(value, Tensor):
                setattr(self, name, value[rows])
            elif isinstance(value, Optimiser):
                value.keep(rows)

    def _move(self, theta: Tensor, gradient: Tensor, eta: Tensor) -> None:
        raise NotImplementedError


class GradientDescent(Optimiser):
    """torch.optim.SGD, dampening 0."""

    def __init__(self, theta: Tensor, options: Closed, form: Form):
        super().__init__(theta, options, form)
        self._momentum = getattr(options, "momentum", 0.0)
        self._nesterov = getattr(options, "nesterov", False)
        self._decay = getattr(options, "weight_decay", 0.0)
        self.velocity = torch.zeros_like(theta) if self._momentum else None

    def _move(self, theta: Tensor, gradient: Tensor, eta: Tensor) -> None:
        if self._decay:
            gradient.add_(theta, alpha=self._decay)
        if self.velocity is not None:
            self.velocity.mul_(self._momentum).add_(gradient)
            if self._nesterov:
                gradient.add_(self.velocity, alpha=self._momentum)
            else:
                gradient = self.velocity
        theta.addcmul_(gradient, eta, value=-1.0)


class Adam(Optimiser):
    """torch.optim.Adam."""

    decoupled = False

    def __init__(self, theta: Tensor, options: Closed, form: Form):
        super().__init__(theta, options, form)
        self._mean = torch.zeros_like(theta)
        self._square = torch.zeros_like(theta)
        self._largest = torch.zeros_like(theta) if options.amsgrad else None

    def _move(self, theta: Tensor, gradient: Tensor, eta: Tensor) -> None:
        (first, second), decay = self._options.betas, self._options.weight_decay
        if decay and self.decoupled:
            theta.mul_(1 - eta * decay)
        elif decay:
            gradient.add_(theta, alpha=decay)
        self._mean.lerp_(gradient, 1 - first)
        self._square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
        square = self._square
        if self._largest is not None:
            square = torch.maximum(self._largest, square, out=self._largest)
        corrected = math.sqrt(1 - second**self._count)
        quotient = square.sqrt().div_(corrected).add_(self._options.eps)
        torch.div(self._mean, quotient, out=quotient)
        theta.addcmul_(quotient, eta, value=-1 / (1 - first**self._count))


class AdamW(Adam):
    """torch.optim.AdamW."""

    decoupled = True


class RMSprop(Optimiser):
    """torch.optim.RMSprop."""

    def __init__(self, theta: Tensor, options: Closed, form: Form):
        super().__init__(theta, options, form)
        self._square = torch.zeros_like(theta)
        self._mean = torch.zeros_like(theta) if options.centered else None
        self._velocity = torch.zeros_like(theta) if options.momentum else None

    def _move(self, theta: Tensor, gradient: Tensor, eta: Tensor) -> None:
        options = self._options
        if options.weight_decay:
            gradient.add_(theta, alpha=options.weight_decay)
        self._square.mul_(options.alpha).addcmul_(gradient, gradient, value=1 - options.alpha)
        quotient = self._square
        if self._mean is not None:
            self._mean.lerp_(gradient, 1 - options.alpha)
            # 0 of a gradient that does not change, and rounding may take it below.
            quotient = quotient.addcmul(self._mean, self._mean, value=-1.0).clamp_(min=0.0)
        quotient = gradient.div_(quotient.sqrt().add_(options.eps))
        if self._velocity is not None:
            quotient = self._velocity.mul_(options.momentum).add_(quotient)
        theta.addcmul_(quotient, eta, value=-1.0)


class SignDescent(Optimiser):
    """The sign of the gradient, or of its running mean."""

    def __init__(self, theta: Tensor, options: Closed, form: Form):
        super().__init__(theta, options, form)
        self._mean = torch.zeros_like(theta) if options.momentum else None

    def _move(self, theta: Tensor, gradient: Tensor, eta: Tensor) -> None:
        if self._mean is not None:
            gradient = self._mean.lerp_(gradient, 1 - self._options.momentum)
        theta.addcmul_(gradient.sign(), eta, value=-1.0)


class Muon(Optimiser):
    """torch.optim.Muon for weights of hidden layers, AdamW for all else."""

    def __init__(self, theta: Tensor, options: Closed, form: Form):
        super().__init__(theta, options, form)
        self._others = AdamW(theta, adamw.Spec(kind="adamw"), form)
        self._mean = torch.zeros_like(theta)

    def _move(self, theta: Tensor, gradient: Tensor, eta: Tensor) -> None:
        options, matrices = self._options, self._form.matrices
        self._mean.lerp_(gradient, 1 - options.momentum)
        moved = gradient.lerp(self._mean, options.momentum) if options.nesterov else self._mean
        before = self._form.parts(theta.clone())
        # Of all, and then put back what is not its own: fewer operations than to pick the others.
        self._others.update(theta, gradient, eta)
        now, moved, eta = self._form.parts(theta), self._form.parts(moved), eta[:, :, None]
        for index in matrices:
            weight = before[index].mul_(1 - eta * options.weight_decay)
            orthogonal = orthogonalised(moved[index], options)
            step = eta * adjustment(options.adjust_lr_fn, *weight.shape[1:])
            now[index].copy_(weight.addcmul_(orthogonal, step, value=-1.0))


def orthogonalised(matrices: Tensor, options: Closed) -> Tensor:
    """Newton and Schulz's iteration on (R, rows, columns), each by itself."""
    a, b, c = options.ns_coefficients
    is_tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.transpose(1, 2) if is_tall else matrices
    x = x / torch.linalg.matrix_norm(x, keepdim=True).clamp(min=options.eps)
    for _ in range(options.ns_steps):
        gram = x @ x.transpose(1, 2)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.transpose(1, 2) if is_tall else x


def adjustment(name: str, rows: int, columns: int) -> float:
    """What Muon multiplies the step size of a matrix by."""
    if name == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    return math.sqrt(max(1, rows / columns))


# By the kind of the algorithm; those with no entry are descent along the gradient.
OPTIMISERS: dict[str, type[Optimiser]] = {
    "adam": Adam,
    "adamw": AdamW,
    "rmsprop": RMSprop,
    "sign_descent": SignDescent,
    "muon": Muon,
}
