"""Draw the pictures of README and docs anew, from the public MNI152 average head.

    python docs/make_pictures.py

Nothing but the demo's own output is used: no picture of a patient is ever in the project.
"""

import shutil
import tempfile
from pathlib import Path

from callosal.pipelines.commands.demo import demo

PICTURES = Path(__file__).parent / "pictures"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        if demo(Path(folder)) != 0:
            raise SystemExit("the demo is out of tolerance; no picture was drawn")
        (overlay,) = Path(folder).glob("result/cases/*/overlay.png")
        shutil.copyfile(overlay, PICTURES / "demo.png")


if __name__ == "__main__":
    main()
