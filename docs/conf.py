"""Configuration of the documentation: ``make docs``. Nothing here needs the network."""

from __future__ import annotations

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE))

import lazynd  # noqa: E402 - found through the path set above

project = "lazynd"
author = "lazynd contributors"
copyright = "lazynd contributors, Apache License 2.0"
version = release = lazynd.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "generate",
    "mathml",
    "notebooks",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_static", "*.py"]
myst_enable_extensions = ["deflist", "dollarmath", "fieldlist"]
html_math_renderer = "mathml"
# A button copies what was typed, neither prompts nor what Python answered.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "none"
add_module_names = False
nitpicky = False

html_theme = "furo"
html_title = f"lazynd {release}"
html_show_sphinx = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["explorer.css"]
# The explorers of the gallery, which the build writes.
html_extra_path = ["generated/files"]
(HERE / "generated" / "files").mkdir(parents=True, exist_ok=True)
