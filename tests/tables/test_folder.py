"""Which files are images, and in what order."""

import os

import pytest

from chainrule.errors import DataError
from chainrule.tables.folder import list_images, printable, sub_folders


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_at_any_depth_in_the_order_of_their_paths(tmp_path):
    touch(tmp_path, "b/2.PNG", "b/1.jpeg", "a/x/9.webp", "a.b/1.tif", "0.gif", "a/1.bmp")
    found = list_images(tmp_path)
    assert found.names == ["0.gif", "a/1.bmp", "a/x/9.webp", "a.b/1.tif", "b/1.jpeg", "b/2.PNG"]
    assert found.passed_over == []
    assert sub_folders(tmp_path) == ["a", "a.b", "b"]


def test_what_is_passed_over_is_told(tmp_path):
    touch(tmp_path, "a/1.png", "a/notes.txt", "a/LICENSE", ".git/1.png", "a/.hidden.png")
    (tmp_path / "a" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    os.mkfifo(tmp_path / "a" / "pipe.png")
    found = list_images(tmp_path)
    assert found.names == ["a/1.png"]
    said = "; ".join(found.passed_over)
    assert "4 other files (2 .png, " in said and "without an ending" in said and "2 hidden" in said
    assert sub_folders(tmp_path) == ["a"]


def test_links_are_followed_but_not_in_circles(tmp_path):
    touch(tmp_path, "real/1.png", "photos/a/1.png")
    photos = tmp_path / "photos"
    (photos / "b").symlink_to(tmp_path / "real")
    (photos / "a" / "up").symlink_to(photos)
    (photos / "self").symlink_to(photos / "self")
    (photos / "zz").symlink_to(tmp_path)  # the folder that the whole is in
    found = list_images(photos)
    assert found.names == ["a/1.png", "b/1.png"]
    assert found.loops == ["a/up", "zz"]
    assert "circle (a/up)" in "; ".join(found.passed_over)
    assert sub_folders(photos) == ["a", "b", "zz"]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="cannot be read: No such file"):
        list_images(tmp_path / "none")


def test_names_that_are_no_utf_8(tmp_path):
    name = os.fsdecode(b"caf\xe9.png")
    touch(tmp_path, name, "größe ☂\n.png")
    assert [printable(each) for each in list_images(tmp_path).names] == [
        "caf\\xe9.png",
        "größe ☂\n.png",
    ]
