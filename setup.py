"""Which packages the wheel holds; everything else about it is in pyproject.toml.

pyproject.toml can either find packages or map one to another folder, and both are needed here:
whatever is in nstlib/, and data/ as nstlib._data.
"""

from setuptools import find_packages, setup

setup(packages=[*find_packages(include=["nstlib", "nstlib.*"]), "nstlib._data"])
