"""How Sphinx builds the site's pages; tools/make_site.py writes them and says the rest."""

import logging
from pathlib import Path

logging.getLogger("jieba").setLevel(logging.WARNING)  # else it tells how it reads its dictionary

HERE = Path(__file__).resolve().parent

project = "Neural style transfer in Keras"
author = "The nstlib authors"
copyright = "The nstlib authors: text CC BY 4.0, code MIT"
extensions = ["myst_nb", "sphinx_copybutton", "sphinx_design"]
nb_execution_mode = "off"  # the notebooks' stored outputs are the printed edition
myst_enable_extensions = ["dollarmath", "colon_fence", "attrs_block", "attrs_inline", "deflist"]
myst_heading_anchors = 4
myst_dmath_double_inline = True
templates_path = [str(HERE / "templates")]
html_theme = "furo"
html_title = project
html_favicon = str(HERE / "static" / "favicon.svg")
html_css_files = ["site.css"]
html_js_files = ["search.js"]
html_copy_source = html_show_sourcelink = html_show_sphinx = False
mathjax_path = "tex-svg.js"  # beside the others that make_site.py names: nothing foreign
mathjax3_config = {"options": {"enableMenu": False}}
copybutton_exclude = ".linenos, .gp, .go"
pygments_style, pygments_dark_style = "tango", "monokai"
html_context = {"trees": "en", "tree": "en", "names": {"en": "English", "zh": "中文"}}
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "languages.html",
        "sidebar/scroll-end.html",
    ]
}
html_theme_options = {
    "top_of_page_buttons": [],
    "light_css_variables": {
        "color-brand-primary": "#1d4e89",
        "color-brand-content": "#1d5fa8",
        "color-brand-visited": "#5b4a8a",
    },
    "dark_css_variables": {
        "color-brand-primary": "#f2b84b",
        "color-brand-content": "#8ab8f0",
        "color-brand-visited": "#b9a6e8",
    },
}
