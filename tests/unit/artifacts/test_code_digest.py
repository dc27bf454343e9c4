"""What looks like words or types in a module and is code counts in its digest."""

import pytest

from sparsestep.artifacts import code_digest


@pytest.fixture
def digest_of_text(tmp_path, monkeypatch):
    """Digest of a module with this text, alone in a package."""
    caches = (code_digest.source_of, code_digest._skeleton, code_digest._digest)
    monkeypatch.setattr(code_digest, "_ROOT", tmp_path)
    (tmp_path / "__init__.py").write_text("")

    def digest_of_text(text):
        (tmp_path / "module.py").write_text(text)
        for cache in caches:
            cache.cache_clear()
        return code_digest.digest_of(("sparsestep.module",))

    yield digest_of_text
    monkeypatch.undo()
    for cache in caches:
        cache.cache_clear()


@pytest.mark.parametrize(
    ("text", "other"),
    [
        (
            "if TYPE_CHECKING:\n    import a\nelse:\n    A = 1",
            "if TYPE_CHECKING:\n    import a\nelse:\n    A = 2",
        ),
        ("if not TYPE_CHECKING:\n    A = 1", "if not TYPE_CHECKING:\n    A = 2"),
        # The fields of a block.
        ("class A:\n    x: int", "class A:\n    x: float"),
        ("class A:\n    x: int = 1", "class A:\n    x: int = 2"),
        ("class A:\n    x: int = Field(ge=1)", "class A:\n    x: int = Field(ge=2)"),
        ("class A:\n    x: int = Field(default=1)", "class A:\n    x: int = Field(default=2)"),
        ("a = told(description='a')", "a = told(description='b')"),
        ("a: int = 1", "a: int = 2"),
        ("def f(x: int = 1):\n    pass", "def f(x: int = 2):\n    pass"),
        ("def f():\n    return 'a'", "def f():\n    return 'b'"),
        ("from a import b", "from a import c"),
        ("from a import b as c", "from a import d as c"),
        ("import a as c", "import b as c"),
        ("def f():\n    from a import b", "def f():\n    from a import c"),
    ],
)
def test_code_counts(digest_of_text, text, other):
    assert digest_of_text(text) == digest_of_text(text)
    assert digest_of_text(text) != digest_of_text(other)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("if TYPE_CHECKING:\n    import a", "if TYPE_CHECKING:\n    import b"),
        ("class A:\n    'a'\n    x: int", "class A:\n    'b'\n    x: int"),
        ("a = Field(1, description='a')", "a = Field(1, description='b')"),
        ("class A:\n    x: int", "class A:\n    x: int\n    y: int = AddedField(default=1)"),
        ("a: int = 1", "a: float = 1"),
        ("def f(x: int) -> int:\n    return x", "def f(x: float) -> float:\n    return x"),
        ("import a\nimport b", "import b\nimport a"),
    ],
)
def test_words_and_types_do_not(digest_of_text, text, other):
    assert digest_of_text(text) == digest_of_text(other)
