"""What makes a page self-contained: data without markup, its own style and script, the policy."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from string import Template
from typing import Any


def json_block(value: Mapping[str, Any] | list[Any]) -> str:
    """JSON that cannot end the script element around it."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def filled_page(
    folder: str, template: str, styles: Sequence[str], scripts: Sequence[str], **parts: str
) -> str:
    """A template with its parts, its styles and scripts, and a policy that allows these alone.

    Args:
        folder: Folder of pipelines/ that the files lie in.
        template: Name of its HTML file, which names `$policy`, `$style`, `$script` and the parts.
        styles: Names of CSS files, from the folder.
        scripts: Names of JavaScript files, from the folder.
        **parts: HTML of the other parts by name.
    """
    place = files(f"callosal.pipelines.{folder}")
    page, style, script = (
        "\n".join(place.joinpath(name).read_text(encoding="utf-8") for name in names)
        for names in ([template], styles, scripts)
    )
    policy = _policy(style, script)
    return Template(page).substitute(policy=policy, style=style, script=script, **parts)


def _policy(style: str, script: str) -> str:
    """Content security policy: this style, this script, pictures from the file or beside it."""
    return (
        f"default-src 'none'; style-src {_source(style)}; script-src {_source(script)}; "
        "img-src data: 'self'; base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"'sha256-{digest}'"
