"""The version that CMakeLists.txt gives the program."""

import pathlib
import re

_TEXT = (pathlib.Path(__file__).resolve().parents[2] / "CMakeLists.txt").read_text()
VERSION = re.search(r"project\(penstock VERSION ([0-9.]+)", _TEXT).group(1)
