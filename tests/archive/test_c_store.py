"""Objects over the network, to an archive by pynetdicom."""

import pytest

pytest.importorskip("pynetdicom", reason="sending needs the extra `pacs`")


from pydicom.uid import SegmentationStorage

from callosal.pipelines.archive.c_store import StoreArchive
from callosal.pipelines.archive.destination import Node
from callosal.pipelines.archive.faults import Refused, Unreachable
from callosal.pipelines.archive.outgoing import OutgoingObject
from tests.archive.stores import HOST, is_equal, store


def test_the_archive_gets_the_very_objects(objects: tuple[OutgoingObject, ...]) -> None:
    with store() as made, StoreArchive(made.node, "ME").connect() as link:
        for item in objects:
            link.send(item)
        assert link.is_open
    assert made.came == [item.sop_instance_uid for item in objects]
    assert made.callers == {"ME"}
    for item in objects:
        assert is_equal(item.content, made.objects[item.sop_instance_uid])


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [(0xA700, Unreachable, "out of resources"), (0xA900, Refused, "status A900"),
     (0xC000, Refused, "status C000"), (0x0122, Refused, "status 0122"),
     (-1, Refused, "aborted")],
)  # fmt: skip
def test_an_answer_that_is_no_success_is_told_apart(
    status: int, error: type[Exception], words: str, objects: tuple[OutgoingObject, ...]
) -> None:
    with store(answer=lambda _: status) as made:
        with StoreArchive(made.node, "ME").connect() as link, pytest.raises(error, match=words):
            link.send(objects[0])
        assert made.objects == {}


def test_a_warning_is_a_success_and_a_class_that_is_not_taken_is_no_end(
    objects: tuple[OutgoingObject, ...],
) -> None:
    with (
        store(answer=lambda _: 0xB000, classes=[SegmentationStorage]) as made,
        StoreArchive(made.node, "ME").connect() as link,
    ):
        link.send(objects[0])
        with pytest.raises(Refused, match="does not accept the class"):
            link.send(objects[1])
        assert link.is_open
    assert list(made.objects) == [objects[0].sop_instance_uid]


def test_an_archive_that_is_not_there_or_not_ours_says_why() -> None:
    with store(callers=["OTHER"]) as made:
        for title, called, words in (("ME", "ARCHIVE", "Calling AE title"),
                                     ("OTHER", "WRONG", "Called AE title")):  # fmt: skip
            archive = StoreArchive(Node(called, HOST, made.port), title)
            with pytest.raises(Unreachable, match=words), archive.connect():
                pass
    with pytest.raises(Unreachable, match="connection refused"):
        StoreArchive(made.node, "ME").connect().__enter__()
