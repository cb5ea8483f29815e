"""Static files under hashed names, compressed once, served by WhiteNoise."""

from typing import Any, ClassVar

from whitenoise.compress import Compressor
from whitenoise.storage import (
    CompressedManifestStaticFilesStorage,
)

CSS_URL = r"""(?P<matched>url\(['"]?\s*(?P<url>.*?)['"]?\))"""
MODULE_IMPORT = (
    r"""(?P<matched>import\s*(?P<names>\{[^}]*\})\s*from\s*"(?P<url>\./[^"]+)";)""",
    """import %(names)s from "%(url)s";""",
)


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Every file gets a hashed name; only our own files and Leaflet's CSS are rewritten.

    Django's own patterns fail on source maps that packages name but do not ship,
    and rewrite `url(#id)` inside data URIs.
    """

    # Django matches these against the path with its prefix and again without it.
    patterns: ClassVar[Any] = (
        ("css/*.css", (CSS_URL,)),
        ("*leaflet.css", (CSS_URL,)),
        ("js/*.js", (MODULE_IMPORT,)),
    )

    def create_compressor(self, **kwargs: Any) -> Compressor:
        # Brotli takes most of a minute and saves a few kilobytes.
        return Compressor(use_brotli=False, **kwargs)
