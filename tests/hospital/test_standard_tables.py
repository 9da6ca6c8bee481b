import subprocess
import sys

from callosal.pipelines.hospital.standard_tables import load_standard_tables

FIRST_AND_SECOND = """
import time
from callosal.pipelines.hospital.standard_tables import load_standard_tables
for _ in range(2):
    start = time.process_time()
    load_standard_tables()
    print(time.process_time() - start)
"""


def test_it_takes_the_wait_for_the_tables_out_of_the_first_object():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FIRST_AND_SECOND],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    first, second = map(float, done.stdout.split())
    assert first > 3 * second  # 0.3 and 0.01 s: the tables were read, once


def test_it_says_nothing(capfd):
    load_standard_tables()
    assert capfd.readouterr() == ("", "")
