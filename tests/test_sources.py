"""Where bytes come from: whatever the packing, the same bytes arrive, and whatever is broken, one sentence says so."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from logdoctor.sources import Skipped, Source, SourceError, compression, content, discover

zstd = pytest.importorskip("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")

LOG = "".join(
    f"INFO 05-01 09:14:{i % 60:02d} [engine.py:{i}] step {i} took {i * 7919 % 1000} ms\n" for i in range(2000)
).encode()
CHECKED = {zstd.CompressionParameter.checksum_flag: 1}
PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda data: gzip.compress(data, 6),
    "bz2": bz2.compress,
    "xz": lambda data: lzma.compress(data, preset=0),
    "zst": lambda data: zstd.compress(data, options=CHECKED),  # a frame that tells its size
    "zstd-stream": lambda data: (z := zstd.ZstdCompressor(options=CHECKED)).compress(data) + z.flush(),
}


def tar(members: dict[str, bytes], format: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def noise(size: int, seed: int = 0) -> bytes:
    """Lines that do not compress well, so that archives span many blocks."""
    line = 64
    digits = random.Random(seed).randbytes(size // 2 + line).hex().encode()
    return b"\n".join(digits[at : at + line - 1] for at in range(0, size, line - 1))[:size]


def read(*paths: str | Path) -> tuple[dict[str, bytes], list[str]]:
    """All that was found, each source opened before the next is asked for: names and bytes, and what could not be
    read.
    """
    logs: dict[str, bytes] = {}
    troubles: list[str] = []
    for found in discover([str(path) for path in paths]):
        if isinstance(found, SourceError):
            troubles.append(str(found))
            continue
        assert found.name not in logs
        logs[found.name] = b""
        try:
            for block in found.open():
                assert 0 < len(block) <= 4 << 20
                logs[found.name] += block
        except SourceError as error:
            troubles.append(str(error))
    return logs, troubles


def one_sentence(trouble: str) -> bool:
    return trouble.isprintable() and ". " not in trouble and not trouble.endswith(".")


class TestFiles:
    def test_one_file_is_called_by_its_name(self, tmp_path: Path) -> None:
        (tmp_path / "head.log").write_bytes(LOG)
        assert read(tmp_path / "head.log") == ({"head.log": LOG}, [])

    def test_an_empty_file_is_a_source_of_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "empty.log").touch()
        assert read(tmp_path / "empty.log") == ({"empty.log": b""}, [])

    def test_a_source_can_be_opened_again(self, tmp_path: Path) -> None:
        (tmp_path / "a.log").write_bytes(LOG)
        (source,) = discover([str(tmp_path / "a.log")])
        assert isinstance(source, Source)
        assert b"".join(source.open()) == b"".join(source.open()) == LOG

    def test_a_large_file_comes_in_blocks(self, tmp_path: Path) -> None:
        (tmp_path / "a.log").write_bytes(data := noise(5 << 20))
        assert read(tmp_path / "a.log") == ({"a.log": data}, [])

    def test_a_missing_file(self, tmp_path: Path) -> None:
        (tmp_path / "head.log").touch()
        logs, (trouble,) = read(tmp_path / "haed.log")
        assert not logs
        assert trouble == f"{tmp_path}/haed.log does not exist; did you mean {tmp_path}/head.log?"
        assert read(tmp_path / "x" / "y")[1] == [f"{tmp_path}/x/y does not exist; check the path"]

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_an_unreadable_file(self, tmp_path: Path) -> None:
        (tmp_path / "a.log").touch(0o000)
        assert "permission denied" in read(tmp_path / "a.log")[1][0]

    def test_what_the_system_refuses_is_one_sentence(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "a.log").touch()

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
        logs, (trouble,) = read(tmp_path / "a.log")
        assert not logs
        assert trouble.startswith("a.log cannot be read: permission denied; run logdoctor as a user who may")
        assert one_sentence(trouble)

    def test_a_binary_that_was_named(self, tmp_path: Path) -> None:
        (tmp_path / "core.123").write_bytes(b"\x7fELF\2\1\1" + bytes(range(256)) * 8)
        (found,) = discover([str(tmp_path / "core.123")])
        assert isinstance(found, SourceError)
        assert not isinstance(found, Skipped)
        assert str(found) == "skipped core.123: binary"

    @pytest.mark.parametrize(
        "data",
        [
            b"\0" * 3000 + b"first line after copytruncate\n" * 100,
            b"\1\0\0\0\0\0\0\x6f"
            + b"a line of Docker's log API, which frames what a container says, as it is when curl has fetched it\n",
            b"serial console\0\0 says: NMI watchdog: BUG: soft lockup\r\n" * 9,
            "größer".encode("latin-1") + b"\n",
        ],
    )
    def test_nul_bytes_alone_make_no_binary(self, tmp_path: Path, data: bytes) -> None:
        (tmp_path / "console.log").write_bytes(data)
        assert read(tmp_path / "console.log") == ({"console.log": data}, [])

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig"])
    def test_byte_order_marks(self, tmp_path: Path, encoding: str) -> None:
        mark = "\ufeff" if encoding == "utf-16-be" else ""
        log = "RuntimeError: größer als 4 GiB 🙂\r\n" * 200_000
        (tmp_path / "powershell.log").write_bytes((mark + log).encode(encoding))
        assert read(tmp_path / "powershell.log") == ({"powershell.log": log.encode()}, [])

    def test_a_file_of_nothing_but_a_mark(self, tmp_path: Path) -> None:
        for name, data in {"a": b"\xff\xfe", "b": b"\xef\xbb\xbf", "c": b"\xff", "d": b"\xef\xbb"}.items():
            (tmp_path / name).write_bytes(data)
        assert read(tmp_path) == ({"a": b"", "b": b"", "c": b"\xff", "d": b"\xef\xbb"}, [])


class TestDirectories:
    def test_a_tree_is_read_in_order(self, tmp_path: Path) -> None:
        for name in (
            "node2/rank_1.log",
            "node1/rank_0.log",
            "a.log",
            "node1/.swap.log",
            ".git/x.log",
            "z/__pycache__/y.log",
        ):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(name)
        logs, troubles = read(tmp_path)
        assert list(logs) == ["a.log", "node1/rank_0.log", "node2/rank_1.log"]
        assert not troubles

    def test_what_is_no_log_is_left_out_with_one_note(self, tmp_path: Path) -> None:
        (tmp_path / "a.log").write_bytes(LOG)
        for name in ("model.safetensors", "plot.png", "train.py", "rank.PT"):
            (tmp_path / name).write_text("raise RuntimeError('NCCL error')")
        (tmp_path / "trace").write_bytes(bytes(range(256)) * 4)
        logs, troubles = read(tmp_path)
        assert list(logs) == ["a.log"]
        assert troubles == [
            "skipped trace: binary",
            f"skipped 4 files that are no logs in {tmp_path}: model.safetensors, plot.png, rank.PT, train.py",
        ]
        assert all(isinstance(found, Skipped) for found in discover([str(tmp_path)]) if isinstance(found, SourceError))

    def test_a_source_file_that_is_named_is_read(self, tmp_path: Path) -> None:
        (tmp_path / "log.py").write_bytes(LOG)
        assert read(tmp_path / "log.py") == ({"log.py": LOG}, [])

    def test_links_are_followed_and_nothing_is_read_twice(self, tmp_path: Path) -> None:
        session = tmp_path / "session_2026"
        session.mkdir()
        (session / "raylet.out").write_bytes(LOG)
        (session / "loop").symlink_to(tmp_path)
        (session / "gone").symlink_to(tmp_path / "nowhere")
        (tmp_path / "session_latest").symlink_to(session)
        assert read(tmp_path)[0] == {"session_2026/raylet.out": LOG}
        assert read(tmp_path / "session_latest")[0] == {"raylet.out": LOG}
        assert read(tmp_path, session / "raylet.out", tmp_path)[0] == {"session_2026/raylet.out": LOG}

    def test_pipes_and_sockets_in_a_directory_are_passed_by(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.log")
        (tmp_path / "a.log").write_bytes(LOG)
        assert read(tmp_path) == ({"a.log": LOG}, [])

    def test_a_directory_without_logs(self, tmp_path: Path) -> None:
        assert read(tmp_path) == ({}, [f"{tmp_path} holds no logs"])
        (tmp_path / "a.png").touch()
        assert read(tmp_path) == (
            {},
            [f"skipped a file that is no log in {tmp_path}: a.png", f"{tmp_path} holds no logs"],
        )

    def test_patterns_that_the_shell_left(self, tmp_path: Path) -> None:
        for name in ("b.log", "a.log", "deep/c.log", "d.txt"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(name)
        assert list(read(tmp_path / "*.log")[0]) == ["a.log", "b.log"]
        assert sorted(read(tmp_path / "**" / "*.log")[0]) == ["a.log", "b.log", "c.log"]
        assert read(tmp_path / "*.gz") == ({}, [f"no file matches {tmp_path}/*.gz"])

    def test_a_name_that_looks_like_a_pattern(self, tmp_path: Path) -> None:
        (tmp_path / "[rank0].log").write_bytes(LOG)
        assert list(read(tmp_path / "[rank0].log")[0]) == ["[rank0].log"]


class TestNames:
    def test_equal_names_get_parents_that_tell_them_apart(self, tmp_path: Path) -> None:
        for name in ("run1/node1/ray.log", "run1/node2/ray.log", "run2/node1/ray.log", "run2/other.log"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(name)
        files = [tmp_path / "run1/node1/ray.log", tmp_path / "run1/node2/ray.log", tmp_path / "run2/node1/ray.log"]
        assert list(read(*files[:2])[0]) == ["node1/ray.log", "node2/ray.log"]
        assert list(read(*files)[0]) == ["run1/node1/ray.log", "node2/ray.log", "run2/node1/ray.log"]
        assert list(read(tmp_path / "run1", tmp_path / "run2")[0]) == [
            "run1/node1/ray.log",
            "node2/ray.log",
            "run2/node1/ray.log",
            "other.log",
        ]

    def test_names_that_would_repaint_the_terminal(self, tmp_path: Path) -> None:
        (tmp_path / "a\x1b[2J\n.log").write_bytes(LOG)
        (tmp_path / "x.tar").write_bytes(
            tar({"../../etc/\x1b]0;x\x07\u202egol": LOG, "/abs/b.log": LOG, "./c.log": LOG})
        )
        assert list(read(tmp_path)[0]) == [
            "a^[[2J^J.log",
            "x.tar/../../etc/^[]0;x^G<U+202E>gol",
            "x.tar/abs/b.log",
            "x.tar/c.log",
        ]

    def test_an_undecodable_name(self, tmp_path: Path) -> None:
        try:
            Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.log")).write_bytes(LOG)
        except OSError:
            pytest.skip("this file system takes no such names")
        (name,) = read(tmp_path)[0]
        assert name.encode() == b"<U+DCFF>.log"


class TestCompression:
    @pytest.mark.parametrize("kind", PACK)
    def test_told_by_the_first_bytes(self, tmp_path: Path, kind: str) -> None:
        (tmp_path / "x.log").write_bytes(PACK[kind](LOG))
        assert read(tmp_path / "x.log") == ({"x.log": LOG}, [])

    @pytest.mark.parametrize("kind", PACK)
    def test_many_blocks_and_members(self, tmp_path: Path, kind: str) -> None:
        parts = [noise(3 << 20), b"", b"x", LOG * 20]
        (tmp_path / "x.log").write_bytes(b"".join(PACK[kind](part) for part in parts))
        assert read(tmp_path / "x.log") == ({"x.log": b"".join(parts)}, [])

    @pytest.mark.parametrize("kind", PACK)
    @pytest.mark.parametrize("size", [1, 2, 7, 1000])
    def test_however_the_bytes_arrive(self, kind: str, size: int) -> None:
        data = LOG[:20_000]
        packed = PACK[kind](data) + PACK[kind](b"second member\n")
        name = "zstd" if kind.startswith("z") else {"gz": "gzip", "bz2": "bzip2", "xz": "xz"}[kind]
        pieces = (packed[i : i + size] for i in range(0, len(packed), size))
        assert b"".join(compression.decompress("x", name, pieces)) == data + b"second member\n"

    @pytest.mark.parametrize("kind", PACK)
    def test_a_truncated_file_gives_what_it_holds(self, tmp_path: Path, kind: str) -> None:
        packed = PACK[kind](data := noise(2 << 20))
        (tmp_path / "x.gz").write_bytes(packed[: len(packed) * 3 // 4])
        logs, (trouble,) = read(tmp_path / "x.gz")
        assert data.startswith(logs["x.gz"])
        assert len(logs["x.gz"]) > len(data) // 3
        assert trouble.startswith("x.gz is cut short")
        assert one_sentence(trouble)

    @pytest.mark.parametrize("kind", PACK)
    def test_a_damaged_file(self, tmp_path: Path, kind: str) -> None:
        packed = bytearray(PACK[kind](noise(2 << 20)))
        packed[len(packed) // 2 : len(packed) // 2 + 64] = bytes(64)
        (tmp_path / "x").write_bytes(packed)
        logs, (trouble,) = read(tmp_path / "x")
        assert "x is damaged and was read up to the damage" in trouble
        assert one_sentence(trouble)
        assert set(logs) == {"x"}

    def test_a_header_and_nothing_else(self, tmp_path: Path) -> None:
        (tmp_path / "x.gz").write_bytes(gzip.compress(LOG)[:12])
        assert "x.gz is cut short" in read(tmp_path / "x.gz")[1][0]

    def test_padding_and_what_follows(self, tmp_path: Path) -> None:
        (tmp_path / "padded.gz").write_bytes(gzip.compress(LOG) + bytes(4096))
        (tmp_path / "more.gz").write_bytes(gzip.compress(LOG) + b"plain text appended")
        assert read(tmp_path / "padded.gz") == ({"padded.gz": LOG}, [])
        assert read(tmp_path / "more.gz") == (
            {"more.gz": LOG},
            ["more.gz has other bytes after its gzip data, which were left out"],
        )

    def test_an_empty_file_compressed(self, tmp_path: Path) -> None:
        for kind, pack in PACK.items():
            (tmp_path / kind).write_bytes(pack(b""))
        assert read(tmp_path) == (dict.fromkeys(sorted(PACK), b""), [])

    def test_frames_that_pzstd_writes(self, tmp_path: Path) -> None:
        skippable = b"\x50\x2a\x4d\x18\x04\0\0\0abcd"
        (tmp_path / "x.zst").write_bytes(skippable + PACK["zst"](LOG) + skippable + PACK["zst"](LOG))
        assert read(tmp_path / "x.zst") == ({"x.zst": LOG * 2}, [])

    def test_compressed_utf_16(self, tmp_path: Path) -> None:
        (tmp_path / "x.gz").write_bytes(gzip.compress(LOG.decode().encode("utf-16")))
        assert read(tmp_path) == ({"x.gz": LOG}, [])

    def test_a_compressed_binary_in_a_directory(self, tmp_path: Path) -> None:
        (tmp_path / "core.gz").write_bytes(gzip.compress(bytes(range(256)) * 64))
        (tmp_path / "x.log").write_bytes(gzip.compress(gzip.compress(LOG)))
        assert read(tmp_path) == ({"x.log": LOG}, ["skipped core.gz: binary"])

    @pytest.mark.parametrize("kind", PACK)
    def test_a_bomb_goes_off_in_our_hands(self, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(compression, "FREE", 8 << 20)
        monkeypatch.setattr(compression, "RATIO", 500)
        (tmp_path / "x").write_bytes(PACK[kind](b"\n" * (64 << 20)))
        logs, (trouble,) = read(tmp_path / "x")
        assert 8 << 20 <= len(logs["x"]) < 63 << 20
        assert "x unpacks to far more than a log does" in trouble
        assert one_sentence(trouble)

    def test_a_stream_without_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(compression, "MOST", 4 << 20)
        member = gzip.compress(noise(1 << 20))

        def endless() -> Iterator[bytes]:
            while True:
                yield member

        with pytest.raises(SourceError, match="unpacks to far more"):
            for _ in compression.decompress("x", "gzip", endless()):
                pass

    def test_zstd_without_its_package(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        if sys.version_info >= (3, 14):
            pytest.skip("part of Python")
        (tmp_path / "x.zst").write_bytes(PACK["zst"](LOG))
        (tmp_path / "y.log").write_bytes(LOG)
        monkeypatch.setitem(sys.modules, "backports", None)
        logs, (trouble,) = read(tmp_path)
        assert logs == {"y.log": LOG}
        assert "x.zst is compressed with zstd" in trouble
        assert "pip install 'logdoctor[zstd]'" in trouble

    def test_packings_of_others(self, tmp_path: Path) -> None:
        (tmp_path / "x.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(100))
        (tmp_path / "x.lz4").write_bytes(b"\x04\x22\x4d\x18" + bytes(100))
        assert read(tmp_path)[1] == [
            "x.7z is a 7z archive, which is not read here; unpack it first: 7z x",
            "x.lz4 is compressed with lz4, which is not read here; unpack it first: lz4 -d",
        ]


MEMBERS = {
    "node1/rank_0.log": LOG,
    "node1/rank_1.log": noise(3 << 20),
    "node2/empty.log": b"",
    "node2/rank_2.log": LOG * 30,
}
ARCHIVES: dict[str, bytes] = {
    "tar": tar(MEMBERS),
    "tar-gnu": tar(MEMBERS, tarfile.GNU_FORMAT),
    "tar-ustar": tar(MEMBERS, tarfile.USTAR_FORMAT),
    **{f"tar.{kind}": pack(tar(MEMBERS)) for kind, pack in PACK.items()},
    "zip": zipped(MEMBERS),
    "zip-stored": zipped(MEMBERS, zipfile.ZIP_STORED),
    "zip-bz2": zipped(MEMBERS, zipfile.ZIP_BZIP2),
}


class TestArchives:
    @pytest.mark.parametrize("kind", ARCHIVES)
    def test_members_are_sources(self, tmp_path: Path, kind: str) -> None:
        (tmp_path / "logs").write_bytes(ARCHIVES[kind])
        assert read(tmp_path / "logs") == ({f"logs/{name}": data for name, data in MEMBERS.items()}, [])

    @pytest.mark.parametrize("kind", ARCHIVES)
    def test_members_can_be_opened_late_again_and_in_any_order(self, tmp_path: Path, kind: str) -> None:
        (tmp_path / "logs").write_bytes(ARCHIVES[kind])
        sources = [found for found in discover([str(tmp_path / "logs")]) if isinstance(found, Source)]
        for source in [*sources, *reversed(sources)]:
            assert b"".join(source.open()) == MEMBERS[source.name.removeprefix("logs/")]

    @pytest.mark.parametrize("kind", ["tar", "tar.gz", "zip"])
    def test_members_can_be_read_at_the_same_time(self, tmp_path: Path, kind: str) -> None:
        (tmp_path / "logs").write_bytes(ARCHIVES[kind])
        sources = [found for found in discover([str(tmp_path / "logs")]) if isinstance(found, Source)] * 3
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(lambda source: b"".join(source.open()), sources)) == list(MEMBERS.values()) * 3
        first, second = (sources[i].open() for i in (1, 3))
        assert next(first) + next(second) + b"".join(first) + b"".join(second)

    def test_in_order_means_one_pass(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "logs.tgz").write_bytes(gzip.compress(tar({f"{i}.log": noise(300_000, i) for i in range(40)}), 1))
        passes: list[str] = []
        unpack = compression.decompress

        def counted(name: str, *rest: object) -> Iterator[bytes]:
            passes.append(name)
            return unpack(name, *rest)  # type: ignore[arg-type]

        monkeypatch.setattr("logdoctor.sources.content.decompress", counted)
        logs, troubles = read(tmp_path / "logs.tgz")
        assert len(logs) == 40
        assert not troubles
        assert len(passes) <= 2  # one to tell what it is

    def test_packed_members_and_archives_in_archives(self, tmp_path: Path) -> None:
        inner = {"a.log": LOG, "b.log.bz2": bz2.compress(LOG), "big.log": noise(2 << 20)}
        outer = {
            "node1.log.gz": gzip.compress(LOG),
            "node2.tar.gz": gzip.compress(tar(inner)),
            "node3.zip": zipped(inner),
            "node4.tar": tar(inner),
            "node5.log": LOG,
        }
        expected = {"x/node1.log.gz": LOG, "x/node5.log": LOG} | {
            f"x/{node}/{name}": LOG if name != "big.log" else inner[name]
            for node in ("node2.tar.gz", "node3.zip", "node4.tar")
            for name in inner
        }
        for archive in (tar(outer), gzip.compress(tar(outer)), zipped(outer), zipped(outer, zipfile.ZIP_STORED)):
            (tmp_path / "x").write_bytes(archive)
            assert read(tmp_path / "x") == (expected, [])
            late = [found for found in discover([str(tmp_path / "x")]) if isinstance(found, Source)]
            assert {source.name: b"".join(source.open()) for source in reversed(late)} == expected

    def test_three_deep_is_too_deep(self, tmp_path: Path) -> None:
        (tmp_path / "x.tar").write_bytes(tar({"y.tar": tar({"z.tar": tar({"a.log": LOG}), "b.log": LOG})}))
        logs, (trouble,) = read(tmp_path / "x.tar")
        assert logs == {"x.tar/y.tar/b.log": LOG}
        assert trouble == "x.tar/y.tar/z.tar is an archive in an archive in an archive; unpack the outer one first"

    def test_members_that_are_no_logs(self, tmp_path: Path) -> None:
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as archive:
            for name in ("._a.log", "a.py", "b.pt", "core", "sub/.hidden/c.log", "d.log"):
                info = tarfile.TarInfo(name)
                body = bytes(range(256)) if name == "core" else LOG
                info.size = len(body)
                archive.addfile(info, io.BytesIO(body))
            for name, kind in {
                "dir": tarfile.DIRTYPE,
                "link": tarfile.SYMTYPE,
                "hard": tarfile.LNKTYPE,
                "pipe": tarfile.FIFOTYPE,
            }.items():
                info = tarfile.TarInfo(name)
                info.type, info.linkname = kind, "d.log"
                archive.addfile(info)
        (tmp_path / "x.tar").write_bytes(data.getvalue())
        assert read(tmp_path / "x.tar") == (
            {"x.tar/d.log": LOG},
            ["skipped 3 files that are no logs in x.tar: a.py, b.pt, core"],
        )
        assert [type(found) for found in discover([str(tmp_path / "x.tar")])] == [Source, Skipped]  # a note, no failure

    def test_the_same_member_twice(self, tmp_path: Path) -> None:
        (tmp_path / "x.tar").write_bytes(
            tar({"a.log": b"old\n"})[:1024] + tar({"a.log": b"new\n", "./a.log": b"newest\n"})
        )
        assert read(tmp_path / "x.tar")[0] == {
            "x.tar/a.log": b"old\n",
            "x.tar/a.log (2)": b"new\n",
            "x.tar/a.log (3)": b"newest\n",
        }

    def test_archives_without_logs(self, tmp_path: Path) -> None:
        (tmp_path / "x.zip").write_bytes(zipped({}))
        (tmp_path / "y.tar").write_bytes(tar({"a.png": b"x"}))
        assert read(tmp_path)[1] == [
            "x.zip holds no logs",
            "skipped a file that is no log in y.tar: a.png",
            "y.tar holds no logs",
        ]

    @pytest.mark.parametrize("kind", ["tar", "tar.gz", "tar.xz"])
    @pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.9])
    def test_a_truncated_tar(self, tmp_path: Path, kind: str, share: float) -> None:
        whole = ARCHIVES[kind]
        (tmp_path / "x").write_bytes(whole[: int(len(whole) * share)])
        logs, troubles = read(tmp_path / "x")
        assert logs
        for name, data in logs.items():
            assert MEMBERS[name.removeprefix("x/")].startswith(data)
        assert any("cut short" in trouble for trouble in troubles)
        assert all(map(one_sentence, troubles))

    def test_a_truncated_zip(self, tmp_path: Path) -> None:
        (tmp_path / "x.zip").write_bytes(ARCHIVES["zip"][:-100])
        logs, (trouble,) = read(tmp_path / "x.zip")
        assert not logs
        assert trouble.startswith("x.zip is damaged, or cut short before its index")

    def test_an_encrypted_or_strange_zip_member(self, tmp_path: Path) -> None:
        data = bytearray(zipped({"a.log": LOG, "b.log": LOG, "c.log": LOG}))
        index = data.index(b"PK\1\2")
        data[index + 8] |= 1
        index = data.index(b"PK\1\2", index + 1)
        data[index + 10] = 9
        (tmp_path / "x.zip").write_bytes(data)
        logs, troubles = read(tmp_path / "x.zip")
        assert logs == {"x.zip/c.log": LOG}
        assert troubles == [
            "x.zip/a.log is encrypted; unpack the archive first: unzip",
            "x.zip/b.log is compressed in a way that is not read here (method 9); unpack the archive first: unzip",
        ]

    def test_an_index_that_lies(self, tmp_path: Path) -> None:
        data = bytearray(zipped({"a.log": LOG, "b.log": LOG}))
        data[data.index(b"PK\3\4", 10)] = 0
        (tmp_path / "x.zip").write_bytes(data)
        logs, troubles = read(tmp_path / "x.zip")
        assert logs == {"x.zip/a.log": LOG}
        assert troubles == ["x.zip/b.log is not where the archive's index says; fetch the archive again"]

    def test_a_sparse_member(self, tmp_path: Path) -> None:
        with (tmp_path / "a.log").open("wb") as file:
            file.seek(1 << 20)
            file.write(LOG)
        done = subprocess.run(["tar", "-Scf", "x.tar", "a.log"], cwd=tmp_path, check=False)
        if done.returncode:
            pytest.skip("no tar here that knows -S")
        assert read(tmp_path / "x.tar")[0]["x.tar/a.log"].lstrip(b"\0") == LOG

    def test_a_zip_bomb(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(compression, "FREE", 8 << 20)
        monkeypatch.setattr(compression, "RATIO", 500)
        (tmp_path / "x.zip").write_bytes(zipped({"a.log": b"\n" * (64 << 20), "b.log": LOG}))
        logs, (trouble,) = read(tmp_path / "x.zip")
        assert len(logs["x.zip/a.log"]) < 63 << 20
        assert logs["x.zip/b.log"] == LOG
        assert trouble.startswith("x.zip/a.log unpacks to far more")

    def test_an_absurd_header(self, tmp_path: Path) -> None:
        info = tarfile.TarInfo("x")
        info.type, info.size = tarfile.XHDTYPE, 1 << 40
        (tmp_path / "x.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
        assert "one of its headers claims 1048576 MiB" in read(tmp_path / "x.tar")[1][0]

    def test_memory_stays_bounded(self, tmp_path: Path) -> None:
        with gzip.open(tmp_path / "x.tgz", "wb", 1) as out, tarfile.open(fileobj=out, mode="w|") as archive:
            for i in range(3):
                info = tarfile.TarInfo(f"{i}.log")
                info.size = 40 << 20
                archive.addfile(info, io.BytesIO(LOG * (info.size // len(LOG) + 1)))
        (tmp_path / "outer.zip").write_bytes(zipped({"x.tgz": (tmp_path / "x.tgz").read_bytes()}))
        code = (
            "import resource, sys; from logdoctor.sources import discover\n"
            "base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
            "print(sum(len(b) for s in discover(sys.argv[1:]) for b in s.open()))\n"
            "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) >> 10)"
        )
        done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
        size, grown = map(int, done.stdout.split())
        assert size == 240 << 20
        assert grown < 64


def piped(data: bytes, *arguments: str) -> tuple[list[str], list[str]]:
    """What a process finds on its standard input: ``name checksum`` of each source, and the troubles."""
    code = (
        "import sys, zlib; from logdoctor.sources import discover, SourceError\n"
        "late = sys.argv[1] == 'late'; found = discover(sys.argv[2:]); found = list(found) if late else found\n"
        "for s in found:\n"
        "    if isinstance(s, SourceError): print('!', s); continue\n"
        "    try: print('=', s.name, zlib.crc32(b''.join(s.open())))\n"
        "    except SourceError as e: print('!', e)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], input=data, capture_output=True, check=True)
    lines = done.stdout.decode().splitlines()
    return [line[2:] for line in lines if line[0] == "="], [line[2:] for line in lines if line[0] == "!"]


class TestPipes:
    @pytest.mark.parametrize("order", ["lazy", "late"])
    @pytest.mark.parametrize("arguments", [[], ["-"], ["-", "-"]])
    def test_standard_input(self, order: str, arguments: list[str]) -> None:
        data = noise(5 << 20)
        assert piped(data, order, *arguments) == ([f"<stdin> {zlib.crc32(data)}"], [])

    @pytest.mark.parametrize("kind", PACK)
    def test_compressed(self, kind: str) -> None:
        data = noise(5 << 20)
        assert piped(PACK[kind](data), "late") == ([f"<stdin> {zlib.crc32(data)}"], [])

    @pytest.mark.parametrize("kind", ARCHIVES)
    @pytest.mark.parametrize("order", ["lazy", "late"])
    def test_archives(self, kind: str, order: str) -> None:
        logs, troubles = piped(ARCHIVES[kind], order)
        assert logs == [f"<stdin>/{name} {zlib.crc32(data)}" for name, data in MEMBERS.items()]
        assert not troubles

    def test_an_archive_too_large_to_hold(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(content, "HELD", 1 << 20)
        end, start = os.pipe()
        writer = threading.Thread(target=lambda: os.fdopen(start, "wb").write(ARCHIVES["tar"]))
        writer.start()
        with os.fdopen(end) as standard_input:
            monkeypatch.setattr(sys, "stdin", standard_input)
            (trouble,) = discover([])
            os.read(end, 1 << 30)
            while os.read(end, 1 << 20):
                pass
            writer.join()
        assert str(trouble).startswith("<stdin> is an archive of more than 1 MiB")

    def test_nothing_at_all(self) -> None:
        assert piped(b"", "lazy") == (["<stdin> 0"], [])

    def test_a_binary(self) -> None:
        assert piped(bytes(range(256)) * 9, "lazy") == ([], ["skipped <stdin>: binary"])

    def test_a_large_pipe_is_read_once(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "x").write_bytes(data := noise(6 << 20))
        with (tmp_path / "x").open() as standard_input:
            monkeypatch.setattr(sys, "stdin", standard_input)
            (source,) = discover([])
            assert isinstance(source, Source)
            assert b"".join(source.open()) == data
            with pytest.raises(SourceError, match="<stdin> is a pipe and can be read only once"):
                next(source.open())

    def test_closed_and_replaced_standard_input(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", None)
        (trouble,) = discover([])
        assert str(trouble) == "standard input is closed; name the files to read"
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(LOG))))
        assert read() == ({"<stdin>": LOG}, [])

    def test_lines_are_seen_as_they_arrive(self) -> None:
        code = (
            "from logdoctor.sources import discover\nfor s in discover([]):\n  for b in s.open(): print(b, flush=True)"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        ) as process:
            assert process.stdin
            assert process.stdout
            for line in (b"first line\n", b"second line\n"):
                process.stdin.write(line)
                began = time.monotonic()
                assert process.stdout.readline().strip() == repr(line).encode()
                assert time.monotonic() - began < 30
            process.stdin.close()

    def test_a_named_pipe(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(LOG))
        writer.start()
        assert read(tmp_path / "pipe") == ({f"{tmp_path}/pipe": LOG}, [])
        writer.join()

    def test_a_device(self) -> None:
        assert read("/dev/null") == ({"/dev/null": b""}, [])


def test_what_cannot_be_unpacked_is_told(tmp_path: Path) -> None:
    log = b"".join(b"line %d\n" % number for number in range(600_000))
    packed = bytearray(gzip.compress(log, 1))
    packed[-100] ^= 0xFF
    (tmp_path / "x.log.gz").write_bytes(packed)
    (source,) = discover([str(tmp_path)])
    assert isinstance(source, Source)
    blocks: list[bytes] = []
    with pytest.raises(SourceError, match="damaged"):
        blocks.extend(source.open())
    seen = b"".join(blocks)
    assert len(seen) > len(log) // 2
    assert log.startswith(seen[: len(log) - 100_000])


def test_what_is_unpacked_comes_in_large_blocks_up_to_the_damage() -> None:
    def unpacked() -> Iterator[bytes]:
        for _ in range(400):
            yield b"x" * 25_000
        raise SourceError("damaged")

    sizes: list[int] = []
    with pytest.raises(SourceError):
        sizes.extend(map(len, compression.gathered(unpacked())))
    assert sum(sizes) == 400 * 25_000
    assert len(sizes) < 100
    assert max(sizes) <= content.BLOCK
