r"""The mathematics of a multilayer perceptron, written once.

Every function here is pure and works on the arrays that it is given: NumPy, JAX
or PyTorch, in float32 or float64. The equations that a person reads in this
folder are the ones that the compiled engine runs.

Conventions
-----------
Orientation
    Samples are rows. A layer's ``W`` is ``(n_in, n_out)``, its ``b`` is
    ``(n_out,)``, and ``Z = A W + b``.
Symbols
    ``X`` input, ``W, b`` parameters, ``Z`` pre-activations, ``A`` activations,
    ``Y`` targets. ``dZ`` is the derivative of the loss with respect to ``Z``, and
    so on for every quantity. Layers are numbered 1..L in anything a person reads.
Reductions
    A loss has one value a sample. A batch takes the ``mean`` (weighted by the
    samples' weights) or the ``sum``; which one is always stated. A batch whose
    weights sum to zero has the loss 0 and the gradient 0.
Values at kinks
    The derivative at a kink is the one from the left: relu'(0) = 0,
    leaky_relu'(0) = 0.01, selu'(0) = lambda alpha = 1.758; elu has none (its slope at
    0 is 1 on both sides). At an output that is its target, where absolute_error has its
    kink, the gradient is 0; so it is for l1 at a weight of 0.
Stability
    Losses that end in an exponential are computed from the pre-activations by
    log-sum-exp and softplus. There are no clipping constants.
"""
