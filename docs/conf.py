"""Sphinx configuration. Everything is built from this repository: no network, no scripts from elsewhere."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst.states import Inliner
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

PUBLIC = import_module("reference").PUBLIC

project = "freqnet"
author = "The freqnet developers"
copyright = author
version = release = import_module("freqnet").__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "formulas",
    "claims",
    "reference",
]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb"}
# Every build runs the notebooks anew, and fails if a cell does.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
# What a notebook writes goes into a folder that is removed.
nb_execution_in_temp = True
nb_merge_streams = True
# The gallery writes each example as a page and as a notebook to download; the page is the source.
exclude_patterns = ["_build", "speed", "gallery/*.ipynb"]
nitpicky = True
# Type variables, and classes that are not public.
nitpick_ignore = [
    ("py:class", "freqnet.arrays.source.Source"),
    ("py:class", "freqnet.nn.module.Layer"),
    ("py:class", "freqnet.nn.network.State"),
    ("py:class", "freqnet.onnx.matrices.Product"),
    ("py:class", "freqnet.onnx.matrices.Selection"),
    ("py:class", "freqnet.spaces.base.NodeTables"),
    ("py:class", "freqnet.spaces.base.S"),
    ("py:class", "freqnet.on_disk.DiskArray"),
    ("py:class", "freqnet.spaces.nodes.tables.Tables"),
    ("py:class", "freqnet.spaces.transforms.Counter"),
    ("py:class", "freqnet.torch.devices.DeviceNetwork"),
    ("py:class", "freqnet.training.choices.Choice"),
    ("py:class", "freqnet.training.spectra_files.DiskSpectra"),
]
default_role = "name"
highlight_language = "pycon"
pygments_style = "friendly"
add_module_names = False
toc_object_entries_show_parents = "hide"
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
# The changelog and the guide for contributors start with their own title, below this page's.
suppress_warnings = ["myst.header"]

# -- reference pages ---------------------------------------------------------------------------------
autosummary_generate = False
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
# Types in sections of docstrings are text for readers.
napoleon_use_param = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Attributes", "params_style")]
napoleon_preprocess_types = False

# -- the gallery: each example runs once, when the pages are built ------------------------------------
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "abort_on_example_error": True,
    "reset_modules": ("gallery_style.reset",),
    "reset_modules_order": "both",
    "within_subsection_order": "FileNameSortKey",
    "image_srcset": ["2x"],
    "thumbnail_size": (600, 400),
    "download_all_examples": False,
    "show_signature": False,
    "capture_repr": (),
    "remove_config_comments": True,
    "min_reported_time": 600,
    "write_computation_times": False,
    # Each example in a process of its own.
    "parallel": import_module("freqnet.kernels.threads").core_count(),
}

# -- the site ----------------------------------------------------------------------------------------
html_theme = "pydata_sphinx_theme"
html_title = "freqnet"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_copy_source = False
html_show_sourcelink = False
html_math_renderer = "mathml"
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "navbar_align": "left",
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
    "pygments_light_style": "friendly",
    "pygments_dark_style": "github-dark",
}
# Pages without neighbours have no sidebar.
html_sidebars = {
    name: [] for name in ("index", "quickstart", "design", "results", "references", "changelog", "contributing")
}


def documented_names() -> dict[str, str]:
    """Return the documented name of each public class and function, by its name in the defining module."""
    found: dict[str, str] = {}
    for module in (f"freqnet.{name}" for name in PUBLIC):
        here = import_module(module)
        for name in here.__all__:
            value = getattr(here, name)
            home = f"{getattr(value, '__module__', module)}.{getattr(value, '__qualname__', name)}"
            found.setdefault(home, f"{module}.{name}")
            # Annotations in signatures are names without a module.
            found.setdefault(name, f"{module}.{name}")
    return found


def resolve(app: Sphinx, env, node: pending_xref, content: nodes.Element) -> nodes.Element | None:
    """Link a name to its entry, whether the name is that of the defining module or a bare class name.

    Names in single backticks and types in signatures may lack an entry.
    """
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    name = app.config.public_names.get(target)
    if name is None and target.rpartition(".")[2][:1].isupper():
        name = app.config.public_names.get(target.rpartition(".")[2])
    if name is not None and (found := env.get_domain("py").objects.get(name)) is not None:
        uri = app.builder.get_relative_uri(node["refdoc"], found.docname)
        return nodes.reference("", "", content, internal=True, refuri=f"{uri}#{found.node_id}")
    return content if node["reftype"] == "obj" or not target.startswith("freqnet") else None


def name_role(
    role: str, rawtext: str, text: str, lineno: int, inliner: Inliner, options: object = None, content: object = None
) -> tuple:
    """Return text in single backticks as a link if it names something with an entry, else as code."""
    if re.fullmatch(r"~?[A-Za-z_][\w.]*", text):
        documented = inliner.document.settings.env.get_domain("py").role("obj")
        return documented("py:obj", rawtext, text, lineno, inliner, {}, [])
    return [nodes.literal(rawtext, text)], []


def escape_bars(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Escape the bars of ``|k|^2`` in a docstring, which would begin a substitution in reST."""
    lines[:] = [re.sub(r"(?<!`)\|(\w)\|(?=\^)", r"\\|\1\\|", line) for line in lines]


def setup(app: Sphinx) -> None:
    """Register the settings, the role and the handlers of this file."""
    app.add_config_value("public_names", documented_names(), "")
    app.add_role("name", name_role)
    app.connect("missing-reference", resolve)
    app.connect("autodoc-process-docstring", escape_bars)
