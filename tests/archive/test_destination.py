import pytest

from callosal.models.errors import InputError
from callosal.pipelines.archive.destination import Node


@pytest.mark.parametrize("word", ["A@host:104", "STORE SCP@10.0.0.1:11112", "A@[::1]:4242"])
def test_a_node_is_written_as_it_is_read(word: str) -> None:
    assert str(Node.of(word, "--send-to")) == word


@pytest.mark.parametrize(
    "word", ["", "A", "A@host", "A@host:0", "A@host:70000", "@host:104", "A@:104", "A@h:x",
             "A" * 17 + "@host:104", "A@::1:104", "http://host:104", "A@host:104@x"]
)  # fmt: skip
def test_what_is_no_node_is_refused_with_an_example(word: str) -> None:
    with pytest.raises(InputError) as caught:
        Node.of(word, "--send-to")
    assert caught.value.code == "wrong_usage"
    assert "--send-to" in str(caught.value)


def test_commas_part_nodes() -> None:
    nodes = Node.all_of(["A@h:1,B@h:2", "C@h:3"], "--send-to")
    assert [str(node) for node in nodes] == ["A@h:1", "B@h:2", "C@h:3"]
