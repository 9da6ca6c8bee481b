"""What a header says of protocol, station and automatic alignment."""

import pytest
from pydicom.dataset import Dataset

from callosal.pipelines.audit.series_facts import facts_of
from callosal.pipelines.dicom.attributes import Attributes


def facts(**tags):
    header = Dataset()
    for keyword, value in tags.items():
        setattr(header, keyword, value)
    return facts_of(Attributes.from_dataset(header))


@pytest.mark.parametrize(
    ("maker", "text", "name"),
    [
        ("SIEMENS", "AAHead_Scout", "AutoAlign"),
        ("Siemens Healthineers", "AAHScout_MPR_sag", "AutoAlign"),
        ("SIEMENS", "t2_tse_tra AutoAlign Head > Brain", "AutoAlign"),
        ("GE MEDICAL SYSTEMS", "AIRx Brain localizer", "AIRx"),
        ("GE MEDICAL SYSTEMS", "Ready Brain", "READYBrain"),
        ("Philips Medical Systems", "SmartBrain", "SmartExam"),
        ("Philips Medical Systems", "Smart_Survey", "SmartExam"),
        ("GE MEDICAL SYSTEMS", "AIR Recon DL T2", ""),
        ("SIEMENS", "localizer", ""),
        ("GE MEDICAL SYSTEMS", "AAHead_Scout", ""),
    ],
)
def test_the_vendors_alignment_is_named_where_its_header_names_it(maker, text, name):
    assert facts(Manufacturer=maker, ProtocolName=text).alignment == name
    assert facts(Manufacturer=maker, SeriesDescription=text).alignment == name


def test_protocol_station_and_month():
    found = facts(ProtocolName="T2 tra", SeriesDescription="x", StationName="MR7",
                  SeriesDate="20260317")  # fmt: skip
    assert (found.protocol, found.station, found.month) == ("T2 tra", "MR7", "2026-03")
    assert facts(SeriesDescription="x").protocol == "x"
    assert facts(SeriesDate="").month == ""
