"""The equations as compiled programs. The only folder that imports jax at its top.

``plan``      what a program is specialised to, and what it takes as arguments
``step``      one update, composed of the equations: the loop body of every trainer
``program``   a range of updates in one compiled call
``batches``   orders, padding, weights: static shapes from moving sizes
``epochs``    the books of one epoch
``fit``       the trainer: ranges of steps, and the way back
``lbfgs``     full-batch training through scipy, in float64
``predict``   the forward pass in bounded memory
``eager``     the same loop one readable step at a time, in NumPy or PyTorch
``cache``     compiled programs kept on disk
``device``    where, and in which precision, programs run
"""
