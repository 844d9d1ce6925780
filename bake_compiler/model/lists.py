"""The lists in models: an author writes a list or a tuple, the model keeps a tuple."""

from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Protocol, overload

    T_co = TypeVar("T_co", covariant=True)

    class ListOf(Protocol[T_co]):
        """A list or a tuple of the type in the brackets. A text is not accepted, although Python calls it a sequence.

        `str` has another `__contains__` than lists and tuples. So type checkers, too, report `needs="base"` as an
        error.
        """

        def __contains__(self, item: object, /) -> bool: ...
        def __iter__(self) -> Iterator[T_co]: ...
        def __len__(self) -> int: ...
        @overload
        def __getitem__(self, place: int, /) -> T_co: ...
        @overload
        def __getitem__(self, place: slice, /) -> Sequence[T_co]: ...

else:
    T = TypeVar("T")
    ListOf: TypeAlias = tuple[T, ...]
