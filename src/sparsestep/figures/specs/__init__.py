"""Questions that figures ask: a block of config.yaml each, without matplotlib.

Drawings import parts and specs, parts import specs, specs import neither.
"""
