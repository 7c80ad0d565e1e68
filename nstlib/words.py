"""What a reader is told, in the reader's language: gettext with nstlib's own catalogue.

The language is that of LANGUAGE, LC_ALL, LC_MESSAGES or LANG, the first that is set, and is asked
for anew each time: `%env LANGUAGE=zh_CN` in a notebook is enough. A text without a translation
stays English. The catalogues are made by tools/catalogue.py from translations/.
"""

import gettext
import os

DOMAIN = "nstlib"

gettext.bindtextdomain(DOMAIN, os.path.join(os.path.dirname(__file__), "locale"))


def _(text: str) -> str:
    """The text in the reader's language, with the same places to fill: {name}, %(name)s."""
    return gettext.dgettext(DOMAIN, text) if text else text  # "" stands for the catalogue's head
