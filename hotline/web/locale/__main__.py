"""``python -m hotline.web.locale [update]``: see the package."""

from __future__ import annotations

import sys

from hotline.web.i18n import LANGUAGES
from hotline.web.locale import compile_all, template_catalogue, update

if "update" in sys.argv[1:]:
    for language in LANGUAGES:
        update(language, template_catalogue())
compile_all()
