"""What the generated code of array programs does without. That it is right is checked with the programs."""

from .test_improve import source_of


def test_what_each_trip_makes_anew_is_not_copied():
    """No product reads a copy where only the arrays of other trips are written; where it is written later, it does."""
    assert "np.copy" not in source_of("made_and_handed_on")
    assert "np.copy" in source_of("written_after_it_was_read")
