import os

# Many processes of a machine compute beside one another; each keeps to one core. NumPy reads this
# when it is first imported, which only this area does.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
