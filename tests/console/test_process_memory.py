import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks glibc for its memory")

FAULTS_OF_A_SECOND_BLOCK = """
import resource
from callosal.pipelines.console.process_memory import keep_freed_memory
{setting}
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    block = b"x" * 40_000_000
    del block
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


def _page_faults(setting: str) -> int:
    code = FAULTS_OF_A_SECOND_BLOCK.format(setting=setting)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_a_freed_block_is_taken_again_without_asking_the_kernel():
    if (usual := _page_faults("")) < 10:
        pytest.skip("this C library or kernel gives large blocks without page faults")
    assert _page_faults("keep_freed_memory()") < usual / 5
