"""Image networks written from their definitions, on weights by name. Slow and obvious."""

import numpy as np
import torch


def convolution(x, weight, stride=1):
    """Sum over a window of odd width, zeros outside the image: one product for each position."""
    outputs, inputs, width, _ = weight.shape
    reach = width // 2
    n, _, height, length = x.shape
    padded = x.new_zeros(n, inputs, height + 2 * reach, length + 2 * reach)
    padded[:, :, reach : reach + height, reach : reach + length] = x
    rows = [
        torch.stack(
            [
                padded[:, :, top : top + width, left : left + width].flatten(1)
                @ weight.reshape(outputs, -1).T
                for left in range(0, length, stride)
            ],
            dim=2,
        )
        for top in range(0, height, stride)
    ]
    return torch.stack(rows, dim=2)


class Norms:
    """Batch norm by name; `running` holds the running statistics that training leaves."""

    def __init__(self, state, training):
        self.state = state
        self.training = training
        self.running = {}

    def __call__(self, x, name):
        """(x - mean) / sqrt(variance + 1e-5) scale + shift, of the batch or the running ones."""
        scale, shift, mean, variance = (
            self.state[f"{name}.{key}"] for key in ("weight", "bias", "running_mean", "running_var")
        )
        if self.training:
            count = x.shape[0] * x.shape[2] * x.shape[3]
            batch_mean = x.sum((0, 2, 3)) / count
            squares = ((x - batch_mean[:, None, None]) ** 2).sum((0, 2, 3))
            self.running[f"{name}.running_mean"] = 0.9 * mean + 0.1 * batch_mean
            self.running[f"{name}.running_var"] = 0.9 * variance + 0.1 * squares / (count - 1)
            mean, variance = batch_mean, squares / count
        scaled = (x - mean[:, None, None]) / torch.sqrt(variance[:, None, None] + 1e-5)
        return scaled * scale[:, None, None] + shift[:, None, None]


def cropped(image, top, left, flipped, padding):
    """Augmentation of (C, H, W): paste into a larger image of zeros, cut out, mirror."""
    channels, height, width = image.shape
    canvas = image.new_zeros(channels, height + 2 * padding, width + 2 * padding)
    canvas[:, padding : padding + height, padding : padding + width] = image
    crop = canvas[:, top : top + height, left : left + width]
    return crop.flip(2) if flipped else crop


def relu(x):
    """max(x, 0)."""
    return torch.where(x > 0, x, torch.zeros_like(x))


def halved(x):
    """Means of 2 x 2 windows; an odd last row or column is left out."""
    height, width = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
    x = x[:, :, :height, :width]
    return (x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2]) / 4


def classifier(last, state):
    """Logits of what is averaged over positions."""
    pooled = last.flatten(2).sum(dim=2) / last[0, 0].numel()
    return pooled @ state["classifier.weight"].T + state["classifier.bias"]


def densenet(x, state, norm, layers, bottleneck):
    """(logits, rectified output of each of three blocks)."""
    x = convolution(x, state["stem.weight"])
    blocks = []
    for block in range(3):
        collected = [x]
        for layer in range(layers):
            name = f"blocks.{block}.layers.{layer}"
            new = torch.cat(collected, dim=1)
            for part in [f"{name}.0", f"{name}.1"] if bottleneck else [name]:
                new = convolution(
                    relu(norm(new, f"{part}.norm")), state[f"{part}.convolution.weight"]
                )
            collected.append(new)
        blocks.append(relu(norm(torch.cat(collected, dim=1), f"norms.{block}")))
        if block < 2:
            x = halved(convolution(blocks[-1], state[f"transitions.{block}.weight"]))
    return classifier(blocks[-1], state), blocks


def resnet(x, state, norm, counts):
    """(logits, output of each of four stages)."""
    x = relu(norm(convolution(x, state["stem.weight"]), "stem_norm"))
    stages = []
    for stage, count in enumerate(counts):
        for block in range(count):
            name = f"stages.{stage}.{block}"
            stride = 2 if stage > 0 and block == 0 else 1
            inner = convolution(x, state[f"{name}.first.weight"], stride)
            inner = relu(norm(inner, f"{name}.first_norm"))
            inner = norm(convolution(inner, state[f"{name}.second.weight"]), f"{name}.second_norm")
            if stride == 2:
                x = norm(
                    convolution(x, state[f"{name}.shortcut.0.weight"], 2), f"{name}.shortcut.1"
                )
            x = relu(x + inner)
        stages.append(x)
    return classifier(stages[-1], state), stages


def cross_entropy(logits, classes):
    """-log softmax(logits)[class] of each row, (n,)."""
    shares = torch.exp(logits) / torch.exp(logits).sum(dim=1, keepdim=True)
    return -torch.log(torch.stack([row[k] for row, k in zip(shares, classes, strict=True)]))


def feature_sparsity(features, threshold):
    """Coefficient of features (n, u), NumPy, deleting dead and duplicate units one by one."""
    remaining = [j for j in range(features.shape[1]) if (features[:, j] != 0).any()]
    for j in list(remaining):
        for k in [k for k in remaining if k > j]:
            a, b = features[:, j], features[:, k]
            if np.ptp(a) > 0 and np.ptp(b) > 0 and abs(np.corrcoef(a, b)[0, 1]) > threshold:
                remaining.remove(j)
                break
    return sum((features[:, j] != 0).sum() for j in remaining) / features.size
