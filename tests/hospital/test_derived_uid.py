from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import UID

from callosal.pipelines.hospital.derived_uid import derived_uid

PARTS = st.lists(st.text(st.characters(exclude_characters="\n")), min_size=1, max_size=4)


@given(PARTS, PARTS)
def test_uids_are_valid_and_equal_only_for_equal_parts(first, second):
    made = derived_uid(*first)
    assert UID(made).is_valid
    assert made.startswith("2.25.")
    assert (made == derived_uid(*second)) == (first == second)


def test_a_uid_stays_the_same_over_versions():
    assert derived_uid("seg", "1.2.3") == "2.25.259042013188629885918684344408551458242"
