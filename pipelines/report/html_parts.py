"""Parts that every self-contained page needs: data without markup, and the policy."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any


def json_block(value: Mapping[str, Any] | list[Any]) -> str:
    """JSON that cannot end the script element around it."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def page_policy(style: str, script: str) -> str:
    """Content security policy: this style, this script, pictures from the file or beside it."""
    return (
        f"default-src 'none'; style-src {_source(style)}; script-src {_source(script)}; "
        "img-src data: 'self'; base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"'sha256-{digest}'"
